"""Runs one program of this folder step by step, in whatever Python has what it imports.

``python harness.py PROGRAM JOB.pt`` answers each line on its standard input with one line: ``step``
with the processor's seconds of one step, ``peak`` with the MiB that the process held at most since
the graph was loaded, ``embed FILE`` with ``saved``, once the representation is in FILE.
"""

import importlib.util
import re
import sys
import time
from pathlib import Path

import torch


def main(program, job_file):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    spec = importlib.util.spec_from_file_location("program", program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    job = torch.load(job_file, weights_only=True)
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_mib()
    step, embed = module.prepare(job["x"], job["edge_index"], job)
    number = 0
    for line in sys.stdin:
        asked, _, path = line.strip().partition(" ")
        if asked == "step":
            started = time.process_time()
            step(number)
            answer = time.process_time() - started
            number += 1
        elif asked == "peak":
            answer = peak_mib() - before
        else:
            torch.save(embed().detach().float(), path)
            answer = "saved"
        print(answer, flush=True)


def peak_mib():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
