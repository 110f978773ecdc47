"""Makes mutants of the gate's code: one small change each, which some test has to notice."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

_SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """A changed source: of which file, at which line, what was done, and the text."""

    file: str
    line: int
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.change}"


def mutants(file: str) -> Iterator[Mutant]:
    """Yield every mutant of one file, in the order of its lines."""
    source = (PROJECT / file).read_text(encoding="utf-8")
    lines = source.splitlines()
    count = len(list(ast.walk(ast.parse(source))))
    found: list[Mutant] = []
    for number in range(count):
        tree = ast.parse(source)
        node = list(ast.walk(tree))[number]
        mutate = _MUTATIONS.get(type(node))
        told = mutate(tree, node) if mutate else None
        if told is not None:
            line = getattr(node, "lineno", None) or node.target.lineno  # type: ignore[attr-defined] # a comprehension
            text = lines[line - 1].strip()
            found.append(Mutant(file, line, f"{told}: {text}", ast.unparse(ast.fix_missing_locations(tree))))
    return iter(sorted(found, key=lambda one: one.line))


def _invert(_tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return "inverted"


def _swap(_tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.Compare)
    node.ops = [_SWAPPED[type(one)]() for one in node.ops]
    return "compared otherwise"


def _other_word(_tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return "and for or"


def _no_raise(tree: ast.AST, node: ast.AST) -> str | None:
    return _replace(tree, node, ast.Pass(), "does not raise")


def _no_finding(_tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.Return)
    if node.value is None or isinstance(node.value, ast.Constant):
        return None
    if not (isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "Finding"):
        return None
    node.value = ast.Constant(None)
    return "finds nothing"


def _no_call(tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.Expr)
    if not isinstance(node.value, ast.Call):
        return None
    return _replace(tree, node, ast.Pass(), "not called")


def _no_filter(_tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.comprehension)
    if not node.ifs:
        return None
    node.ifs = []
    return "not filtered"


def _replace(tree: ast.AST, node: ast.AST, by: ast.stmt, told: str) -> str | None:
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and node in block:
                block[block.index(node)] = copy.copy(by)
                return told
    return None


_MUTATIONS: dict[type[ast.AST], Callable[[ast.AST, ast.AST], str | None]] = {
    ast.If: _invert,
    ast.IfExp: _invert,
    ast.Compare: _swap,
    ast.BoolOp: _other_word,
    ast.Raise: _no_raise,
    ast.Return: _no_finding,
    ast.Expr: _no_call,
    ast.comprehension: _no_filter,
}
