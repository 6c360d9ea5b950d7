"""One run: prepare, pretrain, measure, probe, record."""
