package io.shardlab.magics.command;

import io.shardlab.mesh.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What workers are to compute on, written {@code cpu}, {@code gpu} or {@code 0,1}.
 *
 * @param kind of device; empty for whatever is there
 * @param gpus numbers of GPUs, one worker each; empty for any
 */
public record DeviceChoice(Optional<Device.Kind> kind, List<Integer> gpus) {

    /** GPUs where there are some, CPU workers otherwise. */
    public static final DeviceChoice ANY = new DeviceChoice(Optional.empty(), List.of());

    public DeviceChoice {
        gpus = List.copyOf(gpus);
    }

    public static DeviceChoice parse(String text) {
        if (text.equals("cpu")) {
            return new DeviceChoice(Optional.of(Device.Kind.CPU), List.of());
        }
        if (text.equals("gpu")) {
            return new DeviceChoice(Optional.of(Device.Kind.GPU), List.of());
        }
        List<Integer> gpus = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            if (!part.strip().matches("[0-9]{1,4}")) {
                throw new IllegalArgumentException("must be cpu, gpu or numbers of GPUs such as 0,1");
            }
            int gpu = Integer.parseInt(part.strip());
            if (gpus.contains(gpu)) {
                throw new IllegalArgumentException("names GPU " + gpu + " twice");
            }
            gpus.add(gpu);
        }
        return new DeviceChoice(Optional.of(Device.Kind.GPU), gpus);
    }

    @Override
    public String toString() {
        if (!gpus.isEmpty()) {
            return String.join(",", gpus.stream().map(String::valueOf).toList());
        }
        return kind.map(k -> k == Device.Kind.CPU ? "cpu" : "gpu").orElse("any");
    }
}
