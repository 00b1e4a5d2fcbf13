package io.shardlab.magics.session;

import io.shardlab.magics.backend.Diagnosis;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A machine without fonts. */
final class FakeDiagnosis implements Diagnosis {

    @Override
    public List<DeviceRow> devices() {
        return List.of(
                new DeviceRow("cpu:0", "2 cores <share>", OptionalLong.of(4L << 30), OptionalInt.of(2), true, ""));
    }

    @Override
    public List<DoctorRow> doctor() {
        return List.of(
                new DoctorRow("JDK", "17.0.13", true, ""),
                new DoctorRow("fonts", "none", false, "apt-get install fontconfig fonts-dejavu-core"));
    }

    @Override
    public List<DoctorRow> flood(int lines) {
        return List.of(new DoctorRow("output of rank 0", lines + " of " + lines + " lines", true, ""));
    }
}
