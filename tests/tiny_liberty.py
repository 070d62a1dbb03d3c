"""A library of a few cells whose figures are easy to add up by hand."""

from pathlib import Path

TINY = """\
/* A few cells. */
library (tiny) {
  time_unit : "1ps";
  voltage_unit : "1V";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1,ff);
  nom_voltage : 1.0;
  nom_temperature : 25;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 10;
  slew_lower_threshold_pct_fall : 10;
  slew_upper_threshold_pct_rise : 90;
  slew_upper_threshold_pct_fall : 90;
  lu_table_template (delay) {
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 ("10, 20");
    index_2 ("0, 10");
  }
  cell (INV) {
    area : 1;
    cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 1; }
    pin (Y) {
      direction : output;
      function : "!A";
      timing () {
        related_pin : "A";
        rise_transition (delay) { values ("10, 10", "10, 10"); }
        cell_rise (delay) { values ("5, 25", \\
          "5, 25"); }
        fall_transition (delay) { values ("10, 10", "10, 10"); }
        cell_fall (delay) { values ("5, 25", "5, 25"); }
      }
      internal_power () {
        related_pin : "A";
        rise_power (scalar) { values ("0.3"); }
        fall_power (scalar) { values ("0.1"); }
      }
    }
  }
  cell (NAND2) {
    area : 2;
    leakage_power () { when : "A"; value : 3; }
    leakage_power () { when : "!A"; value : 5; }
    pin (A) {
      direction : input;
      capacitance : 1.5;
      internal_power () {
        when : "!B";
        rise_power (scalar) { values ("0.4"); }
        fall_power (scalar) { values ("0.2"); }
      }
    }
    pin (B) { direction : input; capacitance : 1.5; }
    pin (Y) {
      direction : output;
      function : "!(A * B)";
      timing () {
        related_pin : "A B";
        cell_rise (delay) { values ("7, 27", "7, 27"); }
        rise_transition (delay) { values ("10, 10", "10, 10"); }
        cell_fall (delay) { values ("7, 27", "7, 27"); }
        fall_transition (delay) { values ("10, 10", "10, 10"); }
      }
    }
  }
  cell (NOR2) {
    area : 2;
    cell_leakage_power : 4;
    pin (A) { direction : input; capacitance : 1.5; }
    pin (B) { direction : input; capacitance : 1.5; }
    pin (Y) {
      direction : output;
      function : "!(A + B)";
      timing () {
        related_pin : "A B";
        cell_rise (delay) { values ("7, 27", "7, 27"); }
        rise_transition (delay) { values ("10, 10", "10, 10"); }
        cell_fall (delay) { values ("7, 27", "7, 27"); }
        fall_transition (delay) { values ("10, 10", "10, 10"); }
      }
    }
  }
  cell (AND2) {
    area : 2;
    cell_leakage_power : 4;
    pin (A) { direction : input; capacitance : 1.5; }
    pin (B) { direction : input; capacitance : 1.5; }
    pin (Y) {
      direction : output;
      function : "A * B";
      timing () {
        related_pin : "A B";
        cell_rise (delay) { values ("7, 27", "7, 27"); }
        rise_transition (delay) { values ("10, 10", "10, 10"); }
        cell_fall (delay) { values ("7, 27", "7, 27"); }
        fall_transition (delay) { values ("10, 10", "10, 10"); }
      }
    }
  }
  cell (BUF) {
    area : 2;
    cell_leakage_power : 4;
    pin (A) { direction : input; capacitance : 1; }
    pin (Y) {
      direction : output;
      function : "A";
      timing () {
        related_pin : "A";
        cell_rise (delay) { values ("9, 29", "9, 29"); }
        rise_transition (delay) { values ("10, 10", "10, 10"); }
        cell_fall (delay) { values ("9, 29", "9, 29"); }
        fall_transition (delay) { values ("10, 10", "10, 10"); }
      }
    }
  }
  cell (DFF) {
    area : 5;
    cell_leakage_power : 1;
    pg_pin (VDD) { pg_type : primary_power; }
    pg_pin (VSS) { pg_type : primary_ground; }
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) {
      direction : input;
      clock : true;
      capacitance : 2;
      internal_power () {
        related_pg_pin : VDD;
        rise_power (scalar) { values ("0.6"); }
        fall_power (scalar) { values ("0.4"); }
      }
      internal_power () {
        related_pg_pin : VSS;
        rise_power (scalar) { values ("0.4"); }
        fall_power (scalar) { values ("0.6"); }
      }
    }
    pin (D) { direction : input; capacitance : 1; }
    pin (Q) {
      direction : output;
      function : "IQ";
      timing () {
        related_pin : "CK";
        timing_type : rising_edge;
        cell_rise (delay) { values ("30, 50", "30, 50"); }
        rise_transition (delay) { values ("10, 10", "10, 10"); }
        cell_fall (delay) { values ("30, 50", "30, 50"); }
        fall_transition (delay) { values ("10, 10", "10, 10"); }
      }
      internal_power () {
        related_pin : "CK";
        related_pg_pin : VDD;
        rise_power (scalar) { values ("1.0"); }
        fall_power (scalar) { values ("2.0"); }
      }
    }
  }
}
"""


def write_tiny(folder: Path, text: str = TINY) -> Path:
    """Write the library as the only file of a folder, and return the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "tiny.lib").write_text(text, encoding="utf-8")
    return folder
