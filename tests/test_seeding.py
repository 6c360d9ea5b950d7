import torch

from graphssl.seeding import derive_seed, generator, global_stream


def test_streams_and_seeds_are_all_different():
    streams = ("init", "augmentation", "dropout", "synthetic", "diagnostics")
    seeds = {derive_seed(seed, stream) for seed in range(10) for stream in streams}
    assert len(seeds) == 50
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_generator_does_not_touch_the_global_stream():
    before = torch.get_rng_state()
    torch.rand(3, generator=generator(0, "augmentation"))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_global_stream_is_put_back():
    before = torch.get_rng_state()
    with global_stream(0, "init"):
        first = torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
    with global_stream(0, "init"):
        assert torch.equal(torch.rand(3), first)
