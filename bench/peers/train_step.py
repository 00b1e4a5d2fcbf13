"""Milliseconds per training step of a Llama-shaped decoder in PyTorch, float32 on the CPU, over gloo.

Layouts: single; tp2 (tensor parallel, hand-written column and row parallel layers); pp2 (torch.distributed.pipelining,
Schedule1F1B); dp2 (DistributedDataParallel, each rank half of the batch). Prints one JSON object; a step lasts from a common barrier to the optimizer's end on the slowest rank.
"""

import argparse
import statistics
import time

import ranks

KNOWN_HANG = ("torch.distributed.pipelining 2.7.1 over gloo waits only for the last transfer of a batch, and can hang "
              "(pytorch#132644, fixed later by #152938); this run ends at its time-out")


def batch_at(step, arguments):
    import torch

    generator = torch.Generator().manual_seed(step)
    first = torch.randint(arguments["vocab"], (arguments["batch"], 1), generator=generator)
    tokens = (first + 7 * torch.arange(arguments["seq"] + 1)) % arguments["vocab"]  # learnable, so that losses move
    return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


def accumulating_step(model, num_microbatches):
    """Forward and backward of one batch in consecutive slices, in this process; tp2 differs only in the model."""
    from decoder import mean_cross_entropy

    def step(inputs, targets):
        total = 0.0
        for x, y in zip(inputs.chunk(num_microbatches), targets.chunk(num_microbatches)):
            loss = mean_cross_entropy(model(x), y) / num_microbatches
            loss.backward()
            total += loss.item()
        return total

    return step


def data_parallel_step(model, rank, world, num_microbatches):
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    parallel = DistributedDataParallel(model, gradient_as_bucket_view=True)
    own = accumulating_step(parallel, num_microbatches)

    def step(inputs, targets):
        # The reducer divides by the number of ranks, so each rank's mean over its half gives the mean over the batch.
        loss = torch.tensor(own(inputs.chunk(world)[rank], targets.chunk(world)[rank]) / world)
        dist.all_reduce(loss)
        return loss.item()

    return step


class Transfers:
    """All transfers of one batch_isend_irecv as one thing to wait for."""

    def __init__(self, works):
        self.works = works

    def wait(self):
        for work in self.works:
            work.wait()


def wait_for_every_transfer():
    """Brings the fix of pytorch#152938 to 2.7.1, which drops all but the last handle of a batch of transfers.

    The dropped sends are what makes stock 2.7.1 hang over gloo.
    """
    import torch.distributed as dist
    from torch.distributed.pipelining import schedules

    schedules._batch_p2p = lambda ops, desc=None: Transfers(dist.batch_isend_irecv(ops)) if ops else None


def pipeline_step(model, shape, rank, world, micro_batch, num_microbatches):
    import torch
    from torch.distributed.pipelining import PipelineStage, Schedule1F1B

    from decoder import mean_cross_entropy

    tokens = torch.zeros(micro_batch, shape.seq, dtype=torch.long)
    hidden = torch.zeros(micro_batch, shape.seq, shape.hidden)
    logits = torch.zeros(micro_batch, shape.seq, shape.vocab)
    stage = PipelineStage(model, rank, world, torch.device("cpu"), input_args=(tokens if rank == 0 else hidden,),
                          output_args=(logits if rank == world - 1 else hidden,))
    schedule = Schedule1F1B(stage, num_microbatches, loss_fn=mean_cross_entropy)

    def step(inputs, targets):
        losses = []
        if rank == 0:
            schedule.step(inputs)
        else:
            schedule.step(target=targets, losses=losses)
        return sum(loss.item() for loss in losses) / num_microbatches if losses else None

    return step


def train_rank(rank, world, folder, arguments):
    import torch
    import torch.distributed as dist

    from decoder import Decoder, Shape

    shape = Shape(*(arguments[key] for key in ("hidden", "layers", "heads", "ffn", "vocab", "seq")))
    count = arguments["microbatches"]
    if arguments["layout"] == "pp2":
        if not arguments["stock"]:
            wait_for_every_transfer()
        half = shape.layers // 2
        model = Decoder(shape, 0, half) if rank == 0 else Decoder(shape, half, shape.layers)
        run = pipeline_step(model, shape, rank, world, arguments["batch"] // count, count)
    elif arguments["layout"] == "dp2":
        model = Decoder(shape)
        run = data_parallel_step(model, rank, world, count)
    else:
        model = Decoder(shape, part=rank, parts=world)
        run = accumulating_step(model, count)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
                                  lr=3e-4, betas=(0.9, 0.95), fused=True)
    millis, losses = [], []
    for index in range(arguments["warmup"] + arguments["steps"]):
        inputs, targets = batch_at(index, arguments)
        dist.barrier()
        begin = time.perf_counter_ns()
        optimizer.zero_grad()
        losses.append(run(inputs, targets))
        optimizer.step()
        millis.append((time.perf_counter_ns() - begin) / 1e6)
    return {"millis": millis[arguments["warmup"]:], "losses": losses,
            "parameters": sum(p.numel() for p in model.parameters())}


def measure(arguments, timeout_s):
    world = 1 if arguments["layout"] == "single" else 2
    results = ranks.run_ranks(train_rank, world, arguments, threads=arguments["threads"], timeout_s=timeout_s)
    slowest = [round(max(times), 2) for times in zip(*(result["millis"] for result in results))]
    median = statistics.median(slowest)
    return {"stepMillis": round(median, 2), "allStepMillis": slowest,
            "tokensPerSecond": round(arguments["batch"] * arguments["seq"] / median * 1000, 1),
            "losses": results[-1]["losses"], "parametersPerRank": [result["parameters"] for result in results]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--layout", choices=["single", "tp2", "pp2", "dp2"], default="single")
    for flag, default in (("hidden", 512), ("layers", 8), ("heads", 8), ("ffn", 1376), ("vocab", 256), ("batch", 8),
                          ("seq", 128), ("microbatches", 8), ("steps", 5), ("warmup", 2), ("threads", 1)):
        parser.add_argument(f"--{flag}", type=int, default=default)
    parser.add_argument("--stock", action="store_true", help="pp2 with pipelining as released, which may hang")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for the whole run")
    arguments = vars(parser.parse_args())
    timeout_s = arguments.pop("timeout")
    if arguments["batch"] % arguments["microbatches"]:
        parser.error(f"{arguments['microbatches']} micro-batches do not split a batch of {arguments['batch']} evenly")
    if arguments["layout"] == "dp2" and arguments["batch"] // arguments["microbatches"] % 2:
        parser.error("dp2 needs an even number of sequences in each micro-batch")
    if arguments["layout"] == "pp2" and arguments["layers"] < 2:
        parser.error("pp2 needs at least 2 layers")
    if arguments["layout"] == "tp2" and (arguments["heads"] % 2 or arguments["ffn"] % 2):
        parser.error("tp2 needs an even number of heads and an even ffn")
    notes = {"knownIssue": KNOWN_HANG, "fixApplied": not arguments["stock"]} if arguments["layout"] == "pp2" else {}
    ranks.print_result(lambda: measure(arguments, timeout_s), benchmark="train", peer="PyTorch + gloo",
                       dtype="float32", timeoutSeconds=timeout_s, **notes, **arguments)


if __name__ == "__main__":
    main()
