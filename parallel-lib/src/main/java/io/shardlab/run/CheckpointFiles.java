package io.shardlab.run;

import io.shardlab.engine.Shard;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.Extent;
import io.shardlab.weights.SafetensorsFolder;
import io.shardlab.weights.SafetensorsLayout;
import io.shardlab.weights.TensorFiles;
import io.shardlab.weights.WeightSource.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;

/**
 * One rank's part of a checkpoint's tensors. Every rank writes the elements that no rank before it holds, at their places in
 * files of whole tensors, so what is replicated, tied or overlapping is written once and any layout can read it.
 */
final class CheckpointFiles {

    /** Where the moments lie in a checkpoint: whole tensors under the names of their parameters. */
    enum Kind {
        WEIGHTS("", "model"),
        FIRST("optimizer/first/", "moment"),
        SECOND("optimizer/second/", "moment");

        private final String folder;
        private final String stem;

        Kind(String folder, String stem) {
            this.folder = folder;
            this.stem = stem;
        }

        /** With a slash at its end, or empty. */
        String folder() {
            return folder;
        }

        SafetensorsLayout layout(Plan plan, long maxFileBytes) {
            return SafetensorsLayout.of(stem, plan.parameters(), plan.type(), maxFileBytes);
        }
    }

    private static final long PROGRESS_NANOS = 250_000_000;

    private final PlacedPlan placed;
    private final Recorder recorder;
    private final StopSignal stop;
    private final Consumer<Event> events;
    private long bytesDone;
    private long lastEvent;

    CheckpointFiles(PlacedPlan placed, Recorder recorder, StopSignal stop, Consumer<Event> events) {
        this.placed = placed;
        this.recorder = recorder;
        this.stop = stop;
        this.events = events;
    }

    /** A part of a parameter that lies in consecutive memory. */
    private record Piece(Extent elements, ByteBuffer bytes) {}

    Reply save(Request.Save request) throws IOException {
        Path folder = Path.of(request.folder());
        List<TensorFiles.FileTime> written = new ArrayList<>();
        boolean first = placed.at().data() == 0;
        if (first) {
            written.addAll(write(folder, Kind.WEIGHTS, request, name -> List.of(weight(name))));
        }
        if (placed.optimizerSteps() > 0 && (first || placed.plan().splitsOptimizer())) {
            written.addAll(write(folder, Kind.FIRST, request, name -> moments(name, Shard.MomentSlice::first)));
            written.addAll(write(folder, Kind.SECOND, request, name -> moments(name, Shard.MomentSlice::second)));
        }
        return new Reply.Filed(placed.optimizerSteps(), written);
    }

    private Piece weight(String name) {
        ByteBuffer bytes = placed.shard().weight(name);
        return new Piece(new Extent(0, bytes.remaining() / placed.plan().type().bytes()), bytes);
    }

    private List<Piece> moments(String name, Function<Shard.MomentSlice, ByteBuffer> which) {
        return placed.shard().moments(name).stream()
                .map(slice -> new Piece(slice.elements(), which.apply(slice)))
                .toList();
    }

    private List<TensorFiles.FileTime> write(
            Path folder, Kind kind, Request.Save request, Function<String, List<Piece>> pieces) throws IOException {
        SafetensorsLayout layout = kind.layout(placed.plan(), request.maxFileBytes());
        long total = kind == Kind.WEIGHTS && placed.optimizerSteps() == 0 ? localBytes() : 3 * localBytes();
        LongConsumer listener = bytes -> {
            stop.check();
            progress("saving", bytes, total);
        };
        try (TensorFiles files = new TensorFiles(folder.resolve(kind.folder()), layout, listener)) {
            for (ParameterSpec parameter : placed.shard().parameters()) {
                if (placed.plan().holders(parameter.name()).get(0)
                        != placed.at().pipeline()) {
                    continue;
                }
                recorder.enter("saving", kind.folder() + parameter.name());
                stop.check();
                Slice held = Slice.of(parameter, placed.at().tensor());
                for (Slice part : Slice.owned(parameter, placed.at().tensor())) {
                    for (Piece piece : pieces.apply(parameter.name())) {
                        files.write(parameter, held, part, piece.elements, piece.bytes);
                    }
                }
            }
            return files.finish().stream()
                    .map(done -> new TensorFiles.FileTime(kind.folder() + done.file(), done.bytes(), done.nanos()))
                    .toList();
        }
    }

    Reply load(Request.Load request) throws IOException {
        Path folder = Path.of(request.folder());
        Shard shard = placed.shard();
        List<TensorFiles.FileTime> times = new ArrayList<>();
        times.addAll(read(folder, Kind.WEIGHTS, request, name -> List.of(weight(name))));
        if (request.step() > 0) {
            shard.zeroMoments();
            times.addAll(read(folder, Kind.FIRST, request, name -> moments(name, Shard.MomentSlice::first)));
            times.addAll(read(folder, Kind.SECOND, request, name -> moments(name, Shard.MomentSlice::second)));
        } else {
            shard.dropMoments();
        }
        shard.discardGradients();
        placed.resumeAfter(request.step());
        return new Reply.Filed(request.step(), times);
    }

    private List<TensorFiles.FileTime> read(
            Path folder, Kind kind, Request.Load request, Function<String, List<Piece>> pieces) throws IOException {
        long total = (request.step() > 0 ? 3 : 1) * localBytes();
        Map<String, TensorFiles.FileTime> times = new TreeMap<>();
        try (SafetensorsFolder source = SafetensorsFolder.open(folder.resolve(kind.folder()))) {
            source.verify(placed.shard().parameters());
            for (ParameterSpec parameter : placed.shard().parameters()) {
                recorder.enter("loading", kind.folder() + parameter.name());
                long start = System.nanoTime();
                long bytes = 0;
                Slice held = Slice.of(parameter, placed.at().tensor());
                for (Piece piece : pieces.apply(parameter.name())) {
                    read(source, parameter, held, piece);
                    bytes += piece.bytes.limit();
                    progress("loading", piece.bytes.limit(), total);
                }
                String file = kind.folder() + source.fileOf(parameter);
                times.merge(
                        file,
                        new TensorFiles.FileTime(file, bytes, System.nanoTime() - start),
                        (a, b) -> new TensorFiles.FileTime(file, a.bytes() + b.bytes(), a.nanos() + b.nanos()));
            }
        }
        return List.copyOf(times.values());
    }

    private void read(SafetensorsFolder source, ParameterSpec parameter, Slice held, Piece piece) {
        if (piece.elements.length() == held.numElements()) {
            source.read(parameter, held, placed.plan().type(), piece.bytes);
            return;
        }
        int width = placed.plan().type().bytes();
        long all = parameter.shape().numElements();
        held.forEachRun(held, piece.elements, (here, whole, count) -> {
            ByteBuffer run = piece.bytes
                    .slice(Math.toIntExact(here * width), Math.toIntExact(count * width))
                    .order(ByteOrder.nativeOrder());
            source.read(
                    parameter, new Slice(1, all, whole, count, 1), placed.plan().type(), run);
        });
    }

    private long localBytes() {
        long elements = 0;
        for (ParameterSpec parameter : placed.shard().parameters()) {
            elements += parameter.localShape(placed.at().tensor()).numElements();
        }
        return elements * placed.plan().type().bytes();
    }

    private void progress(String what, long bytes, long total) {
        bytesDone += bytes;
        long now = System.nanoTime();
        if (lastEvent == 0 || now - lastEvent > PROGRESS_NANOS) {
            lastEvent = now;
            events.accept(new Event.Progress(what, bytesDone, total));
        }
    }

    /** Length of each file of a checkpoint when it is complete, by name relative to its folder. */
    static Map<String, Long> fileBytes(Plan plan, boolean optimizer, long maxFileBytes) {
        Map<String, Long> bytes = new TreeMap<>();
        for (Kind kind : Kind.values()) {
            if (optimizer || kind == Kind.WEIGHTS) {
                kind.layout(plan, maxFileBytes)
                        .fileBytes()
                        .forEach((name, length) -> bytes.put(kind.folder + name, length));
            }
        }
        return bytes;
    }
}
