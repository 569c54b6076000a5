"""Runs the DAG on Beam, in this process, and writes down what each node does as it does it.

TFX's BeamDagRunner leaves the choice of runner to Beam, which tries to download one, names runs
itself, and tells nobody how a node is doing. This one names the runner and the run, gives every
node the fingerprint of what TFX's cache key does not see (our code, the environment), and appends
an event per node to a file.
"""

import functools
import json
import os
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.beam import beam_dag_runner
from tfx.orchestration.portable import (
    beam_executor_operator,
    launcher,
    partial_run_utils,
    runtime_parameter_utils,
)
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from pipeline.engines import lost_workers
from pipeline.engines.local import RUNNER

FINGERPRINT = "local_fingerprint"
"""The extra execution property that carries a node's own fingerprint into MLMD's cache key."""


class _OnEngine(beam_executor_operator.BeamExecutorOperator):
    """Runs a Beam component with arguments that are not part of its specification.

    TFX hashes the specification into its cache key; what a job ran on must not be in there, or a run
    on Flink would not find what the same run here has already made.
    """

    def __init__(
        self, executor_spec: Any, platform_config: Any = None, beam_args: Sequence[str] = ()
    ) -> None:
        spec = executable_spec_pb2.BeamExecutableSpec()
        spec.CopyFrom(executor_spec)
        for argument in beam_args:
            spec.beam_pipeline_args_placeholders.add().value.string_value = argument
        super().__init__(spec, platform_config)


class _Node(beam_dag_runner.PipelineNodeAsDoFn):
    """One node of the DAG; appends `start`, then `ran`, `cached` or `failed` to the event file."""

    events: str = ""
    beam_args: Sequence[str] = ()

    def _run_node(self) -> None:
        self._event("start")
        try:
            state = self._launch()
        except BaseException as error:
            self._event(
                "failed",
                error=type(error).__name__,
                message=str(error),
                traceback=traceback.format_exc(),
            )
            raise
        self._event(state)

    def _launch(self) -> str:
        if self._pipeline_node.execution_options.run.perform_snapshot:
            with metadata.Metadata(self._mlmd_connection_config) as handle:
                partial_run_utils.snapshot(handle, self._pipeline)
        info = launcher.Launcher(
            pipeline_node=self._pipeline_node,
            mlmd_connection=metadata.Metadata(self._mlmd_connection_config),
            pipeline_info=self._pipeline_info,
            pipeline_runtime_spec=self._pipeline_runtime_spec,
            executor_spec=self._executor_spec,
            platform_config=None,
            custom_driver_spec=self._custom_driver_spec,
            custom_executor_operators={
                executable_spec_pb2.BeamExecutableSpec: functools.partial(
                    _OnEngine, beam_args=self.beam_args
                )
            },
        ).launch()
        if info is None or info.execution_id is None:
            return "ran"
        with metadata.Metadata(self._mlmd_connection_config) as handle:
            [execution] = handle.store.get_executions_by_id([info.execution_id])
        cached = execution.last_known_state == metadata_store_pb2.Execution.CACHED
        return "cached" if cached and self._executor_spec is not None else "ran"

    def _event(self, kind: str, **details: str) -> None:
        event = {
            "node": self._node_id,
            "event": kind,
            "time": time.time(),
            "cpu": sum(os.times()[:4]),  # with processes it has started and seen end
            **details,
        }
        with open(self.events, "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")


class DagRunner(beam_dag_runner.BeamDagRunner):
    """A BeamDagRunner with a named runner, a given run id, and events."""

    def run_nodes(
        self,
        pipeline: tfx_pipeline.Pipeline,
        run_id: str,
        events: Path,
        fingerprints: dict[str, str],
        beam_args: Mapping[str, Sequence[str]],
        from_nodes: list[str] | None = None,
        to_nodes: list[str] | None = None,
        base_run: str = "",
    ) -> None:
        """Runs the pipeline, or a part of it, node by node.

        Args:
          pipeline: what to run.
          run_id: the run's name, in MLMD too.
          events: JSON lines are appended here.
          fingerprints: per node id, a hash of its code and environment.
          beam_args: per node id, for its Beam jobs; under "" for nodes that are not named.
          from_nodes: first nodes of a partial run.
          to_nodes: last nodes of a partial run.
          base_run: the run that a partial run takes everything else from.

        Raises:
          Exception: whatever the failing node raised.
        """
        ir = self._compile(pipeline, run_id, fingerprints)
        if from_nodes or to_nodes:
            settings = pipeline_pb2.SnapshotSettings()
            settings.base_pipeline_run_strategy.base_run_id = base_run
            partial_run_utils.mark_pipeline(
                ir, from_nodes=from_nodes, to_nodes=to_nodes, snapshot_settings=settings
            )
        with beam.Pipeline(argv=[RUNNER]) as p:
            self._schedule(ir, p | "Start" >> beam.Create([None]), str(events), beam_args)

    def run_node(
        self,
        pipeline: tfx_pipeline.Pipeline,
        run_id: str,
        node_id: str,
        events: Path,
        fingerprints: dict[str, str],
        beam_args: Mapping[str, Sequence[str]],
    ) -> None:
        """Runs one node; those before it have run under the same `run_id`.

        Args:
          pipeline: the whole of it.
          run_id: as `run_nodes`.
          node_id: which one.
          events: as `run_nodes`.
          fingerprints: as `run_nodes`.
          beam_args: as `run_nodes`.

        Raises:
          Exception: whatever the node raised.
        """
        ir = self._compile(pipeline, run_id, fingerprints)
        [node] = [n.pipeline_node for n in ir.nodes if n.pipeline_node.node_info.id == node_id]
        self._work(ir, node, str(events), beam_args)._run_node()

    def _compile(
        self, pipeline: tfx_pipeline.Pipeline, run_id: str, fingerprints: Mapping[str, str]
    ) -> Any:
        lost_workers.watch()
        ir = compiler.Compiler().compile(pipeline)
        runtime_parameter_utils.substitute_runtime_parameter(
            ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
        )
        for node in ir.nodes:
            mark = fingerprints.get(node.pipeline_node.node_info.id, "")
            value = node.pipeline_node.parameters.parameters[FINGERPRINT]
            value.field_value.string_value = mark
        return ir

    def _work(
        self, ir: Any, node: Any, events: str, beam_args: Mapping[str, Sequence[str]]
    ) -> _Node:
        deployment = self._extract_deployment_config(ir)
        node_id = node.node_info.id
        work = _Node(
            pipeline_node=node,
            mlmd_connection_config=self._connection_config_from_deployment_config(deployment),
            pipeline_info=ir.pipeline_info,
            pipeline_runtime_spec=ir.runtime_spec,
            executor_spec=self._extract_executor_spec(deployment, node_id),
            custom_driver_spec=self._extract_custom_driver_spec(deployment, node_id),
            deployment_config=deployment,
            pipeline=ir,
        )
        work.events = events
        work.beam_args = beam_args.get(node_id, beam_args.get("", ()))
        return work

    def _schedule(
        self, ir: Any, root: Any, events: str, beam_args: Mapping[str, Sequence[str]]
    ) -> None:
        done: dict[str, Any] = {}
        snapshot = ""
        for node in (entry.pipeline_node for entry in ir.nodes):  # in topological order
            if node.execution_options.HasField("skip"):
                continue
            node_id = node.node_info.id
            run = node.execution_options.run
            snapshot = node_id if run.perform_snapshot else snapshot
            waits = [done[name] for name in node.upstream_nodes if name in done]
            if run.depends_on_snapshot and snapshot not in ("", node_id):
                waits.append(done[snapshot])
            work = self._work(ir, node, events, beam_args)
            # Empty collections as side inputs: a node starts when those before it are done.
            done[node_id] = root | f"Run[{node_id}]" >> beam.ParDo(
                work, *[beam.pvalue.AsIter(wait) for wait in waits]
            )
