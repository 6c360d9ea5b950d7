"""One run: prepare, pretrain, measure, probe and record."""
