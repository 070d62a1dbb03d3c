"""Everything that runs the hardware: benches, drivers, monitors, scoreboard and runner."""
