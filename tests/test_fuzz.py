"""A few of the inputs of benchmarks/fuzz: what is typed or lies in a file is taken, or refused in a line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FILE = Path(__file__).parent.parent / "benchmarks/fuzz"


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ModuleType, Any]]:
    loader = SourceFileLoader("fuzz", str(FILE))
    spec = spec_from_loader("fuzz", loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    folder = tmp_path_factory.mktemp("fuzz")
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPECLI_USER", "ana")
        patch.setenv("PIPECLI_DEBUG", "1")  # a fault of our own is raised
        os.chdir(folder)
        try:
            yield module, module.Fuzz(folder, 1)
        finally:
            os.chdir(before)


@settings(
    max_examples=32, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    kind=st.sampled_from(["arguments", "record", "settings", "mapping", "mail", "reader"]),
    seed=st.integers(0, 1 << 30),
)
def test_no_input_is_a_fault_of_our_own(fuzz: tuple[ModuleType, Any], kind: str, seed: int) -> None:
    module, pipeline = fuzz
    pipeline.chance.seed(seed)
    work: Callable[[Any], object] = module.KINDS[kind]
    work(pipeline)
