"""A small recorded run, as bench/results.json holds it."""

from bench.results import InventoryLoad, Machine, Measurement, Operation, Results, Skipped, StateSize, Usage

MEBIBYTE = 2**20


def measurement(contender: str, bindings: int, operation: Operation, seconds: float, **more: object) -> Measurement:
    usage = Usage(
        seconds=seconds,
        cpu_seconds=seconds / 2,
        peak_bytes=300 * MEBIBYTE,
        part_cpu_seconds={"engine": seconds / 4},
        part_peak_bytes={"engine": 200 * MEBIBYTE, "plugin": 90 * MEBIBYTE},
    )
    calls: dict[str, object] = {"calls": {}, "in_flight": {}}
    return Measurement.model_validate(
        {"contender": contender, "bindings": bindings, "operation": operation, "usage": usage, **calls, **more}
    )


def recorded() -> Results:
    """Return a run in which every target is met but for the no-op of 1,000, and that of 10,000 was not measured."""
    ours = [
        measurement("mbs-erasure", size, operation, 4 * size / 1000)
        for size in (1000, 10_000)
        for operation in (Operation.NO_OP, Operation.PURGE_TENTH)
    ]
    gets = {"calls": {"GET": 100, "POST": 1}, "in_flight": {"GET": 16, "POST": 1}}
    deletes = {"calls": {"GET": 200, "DELETE": 100}, "in_flight": {"GET": 16, "DELETE": 9}}
    return Results(
        day="2026-11-24",
        machine=Machine(
            cores=2, memory_bytes=24 * 2**30, system="Linux x86_64", python="3.11.7", engine="3.259.0", terraform=None
        ),
        latency_seconds=0.05,
        sizes=[10_000, 1000],
        contenders=["mbs-erasure", "stock provider", "terraform_data"],
        is_complete=False,
        measurements=[
            *ours,
            measurement("mbs-erasure", 1000, Operation.ADOPT, 5, **gets),
            measurement("mbs-erasure", 10_000, Operation.ADOPT, 60, **gets),
            measurement("mbs-erasure", 1000, Operation.PURGE_ALL, 3, **deletes),
            measurement("stock provider", 1000, Operation.ADOPT, 60),
            measurement("stock provider", 1000, Operation.NO_OP, 5),
            measurement("stock provider", 1000, Operation.PURGE_ALL, 50),
            measurement("stock provider", 10_000, Operation.NO_OP, 70, problem="it exited with 255: | no memory"),
        ],
        states=[
            StateSize(contender="mbs-erasure", bindings=1000, state_bytes=1_300_000),
            StateSize(contender="stock provider", bindings=1000, state_bytes=2_700_000),
        ],
        skipped=[
            Skipped(contender="terraform_data", bindings=size, reason="there is no terraform on this machine's PATH")
            for size in (1000, 10_000)
        ],
        inventory=InventoryLoad(bindings=100_000, seconds=3.5, peak_bytes=240 * MEBIBYTE),
    )
