"""Makes mutants of the gate's code: one small change each, which some test has to notice."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

PROJECT = Path(__file__).resolve().parents[2]
PROBE = "_a_test_was_here"

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
_BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class Mutant:
    """A changed module: of which file, at which line, what was done, and its code.

    `statement` is the line where the statement begins that was changed.
    """

    file: str
    line: int
    change: str
    code: CodeType
    statement: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.change}"


def mutants(file: str) -> list[Mutant]:
    """Return every mutant of one file, in the order of its lines."""
    source = (PROJECT / file).read_text(encoding="utf-8")
    lines = source.splitlines()
    found: list[Mutant] = []
    for number, (known, statement) in enumerate(_with_statements(ast.parse(source))):
        mutate = _MUTATIONS.get(type(known))
        if mutate is None:
            continue
        tree = ast.parse(source)
        node, _ = list(_with_statements(tree))[number]
        told = mutate(tree, node)
        if told is not None:
            line = getattr(node, "lineno", None) or node.target.lineno  # type: ignore[attr-defined] # a comprehension
            text = lines[line - 1].strip()
            found.append(Mutant(file, line, f"{told}: {text}", _compiled(file, tree), statement))
    return sorted(found, key=lambda mutant: mutant.line)


def unchanged(file: str) -> Mutant:
    """Return the file as it is."""
    return Mutant(file, 0, "unchanged", _compiled(file, ast.parse((PROJECT / file).read_text(encoding="utf-8"))))


def probed(file: str) -> CodeType:
    """Return the module's code with a call before each statement of its functions: of PROBE, with file and line."""
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    blocks = {id(block): block for function in functions for node in ast.walk(function) for block in _blocks(node)}
    for block in blocks.values():
        block[:] = [part for statement in block for part in (_probe(file, statement), statement)]
    return _compiled(file, tree)


def _probe(file: str, statement: ast.stmt) -> ast.stmt:
    arguments: list[ast.expr] = [ast.Constant(file), ast.Constant(statement.lineno)]
    return ast.copy_location(ast.Expr(ast.Call(ast.Name(PROBE, ast.Load()), arguments, [])), statement)


def _compiled(file: str, tree: ast.Module) -> CodeType:
    code: CodeType = compile(ast.fix_missing_locations(tree), str(PROJECT / file), "exec")
    return code


def _with_statements(node: ast.AST, statement: int = 0) -> Iterator[tuple[ast.AST, int]]:
    """Yield every node, and the line of the innermost statement that it is a part of."""
    if isinstance(node, ast.stmt):
        statement = node.lineno
    yield node, statement
    for part in ast.iter_child_nodes(node):
        yield from _with_statements(part, statement)


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    found = [getattr(node, name, None) for name in _BLOCKS]
    return [block for block in found if isinstance(block, list)]


def _invert(_tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return "inverted"


def _swap(_tree: ast.AST, node: ast.AST) -> str | None:
    assert isinstance(node, ast.Compare)
    node.ops = [_SWAPPED[type(operator)]() for operator in node.ops]
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
    for block in (block for parent in ast.walk(tree) for block in _blocks(parent)):
        if node in block:
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
