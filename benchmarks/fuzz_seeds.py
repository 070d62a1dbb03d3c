"""What hostile text is made of: small, right files of every kind that the tool reads."""

from bitnet_hw.presets import configs_folder

__all__ = ["ARRAYS", "EXPRESSIONS", "LIBERTY", "SETTINGS", "presets"]

_LARGEST_SEED = 3000


def presets(kind: str) -> tuple[bytes, ...]:
    """Return the shipped files of a kind, without the large ones: they would only be slow."""
    files = sorted((configs_folder() / kind).glob("*.yaml"))
    return tuple(file.read_bytes() for file in files if file.stat().st_size <= _LARGEST_SEED)


ARRAYS = (
    *presets("arrays"),
    b"""\
base: edge
clock_mhz: 700.5
memory: {base: hbm3-stack, efficiency: 0.7, count: 2}
technology: {base: horowitz45, energy_pj: {int8_add: {low: 0.01, nominal: 0.02, high: 0.03}}}
vector_unit: {fp16_macs_per_cycle: 128}
units: {attention: host, norms: host}
host: {gmacs_per_second: 50, energy_pj_per_mac: 3.5}
formats: {kv_cache_bits: 8, lm_head: ternary}
activity: {operands: relu2, zero_fraction: 0.4}
chips: {tensor: 2, pipeline: 4, link: {gb_per_s: 64, latency_us: 2, energy_pj_per_bit: 5}}
board: {idle_w: 3.5}
""",
    b"""\
array: {rows: 8, lanes: 8, weight_bus_bits: 128, max_k: 16384, output_bus_words: 8}
memory: {peak_gb_per_s: 10, efficiency: 0.8, energy_pj_per_bit: 5, capacity_gb: 16}
technology: asap7
""",
)
SETTINGS = (
    *(b"array.rows=8", b"clock_mhz=12.5", b"memory=lpddr5x-64", b"memory.efficiency=0.5"),
    *(b"technology.energy_pj.int8_add={nominal: 1, low: 0.5}", b"chips={tensor: 2, pipeline: 1}"),
    *(b"formats.lm_head=int8", b"array.lane_style=select", b"units.norms=host", b"name=x"),
)
EXPRESSIONS = (
    *(b"power_w < 5 and array.rows >= 16", b"total_area_mm2 <= 10.5", b"name in ['a', 'b']"),
    *(b"not (a.b == 1 or log2(c) > 3)", b"1 < array.rows * 2 <= 64", b"flag", b"min(a, 2) ** 0.5"),
    *(b"chips.tensor in (1, 2) and -a + abs(b) // 2 % 3 != 0", b"500 >= total_power_w"),
)

LIBERTY = (
    b"""\
/* cells */
library (tiny) {
  time_unit : "1ps"; voltage_unit : "1V"; leakage_power_unit : "1nW";
  capacitive_load_unit (1,ff);
  nom_voltage : 1.0; nom_temperature : 25;
  lu_table_template (delay) {
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("10, 20"); index_2 ("0, 10");
  }
  cell (INV) {
    area : 1; cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 1; }
    pin (Y) {
      direction : output; function : "!A";
      timing () { related_pin : "A"; rise_transition (delay) { values ("10, 10", "10, 10"); }
        cell_rise (delay) { values ("5, 25", \\
          "5, 25"); } }
      internal_power () { related_pin : "A"; rise_power (scalar) { values ("0.3"); } }
    }
  }
  cell ("DFF") {
    area : 4; leakage_power () { when : "D"; value : 3; }
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) { direction : input; capacitance : 1; }
    pin (D) { direction : input; capacitance : 1;
      timing () { related_pin : "CK"; timing_type : setup_rising;
        rise_constraint (scalar) { values ("7"); } } }
    pin (Q) { direction : output; function : "IQ"; }
  }
}
""",
)
