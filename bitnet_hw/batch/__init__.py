"""Estimates of many designs at once: the formulas of the estimator on columns of parameters."""
