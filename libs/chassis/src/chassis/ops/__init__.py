"""What an operator sees and a fault test does: logs, traces, metrics, failpoints."""
