"""One GEMM on a 32x32 systolic array in SCALE-Sim: ``scalesim_layer.py QUESTION ANSWER``.

The mode is CALC: bandwidth is a result, and nothing stalls. Traces are not written.
"""

from pathlib import Path
from typing import Any

from measured import answer
from scalesim.scale_sim import scalesim

SIZE = 32
BUFFER_KB = 64

CONFIGURATION = """\
[general]
run_name = layer
[architecture_presets]
ArrayHeight = {size}
ArrayWidth = {size}
IfmapSramSzkB = {buffer_kb}
FilterSramSzkB = {buffer_kb}
OfmapSramSzkB = {buffer_kb}
IfmapOffset = 0
FilterOffset = 100000000
OfmapOffset = 200000000
Dataflow = {dataflow}
ReadRequestBuffer = 32
WriteRequestBuffer = 32
[layout]
IfmapCustomLayout = False
FilterCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 10
IfmapSRAMBankPort = 2
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 10
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = false
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""

# A layout file must be there for a GEMM, too; nothing in it counts.
LAYOUT_COLUMNS = 20


def evaluate(question: dict[str, Any]) -> dict[str, float]:
    """Return the compute cycles of a GEMM: the column ``Total Cycles`` of the tool's report."""
    files = {
        "array.cfg": CONFIGURATION.format(
            size=SIZE, buffer_kb=BUFFER_KB, dataflow=question["dataflow"]
        ),
        "gemm.csv": "Layer,M,N,K,\nlayer,{m},{n},{k},\n".format(**question),
        "layout.csv": "Layer,\nlayer," + "1," * LAYOUT_COLUMNS + "\n",
    }
    for name, text in files.items():
        Path(name).write_text(text)
    simulation = scalesim(
        save_disk_space=True,
        verbose=False,
        config="array.cfg",
        topology="gemm.csv",
        layout="layout.csv",
        input_type_gemm=True,
    )
    simulation.run_scale(top_path="reports")
    [layer] = simulation.runner.single_layer_sim_object_list
    return {"cycles": int(layer.get_compute_report_items()[1])}


if __name__ == "__main__":
    answer(evaluate)
