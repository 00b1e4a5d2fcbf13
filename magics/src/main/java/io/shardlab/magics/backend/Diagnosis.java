package io.shardlab.magics.backend;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What this machine offers and whether all is well with it. Same rules as {@link Backend}, of which this is a part. */
public interface Diagnosis {

    List<DeviceRow> devices();

    List<DoctorRow> doctor();

    /** Lets each worker print so many lines and says for each whether all of them arrived, in order. */
    List<DoctorRow> flood(int lines);

    record DeviceRow(
            String device, String name, OptionalLong memoryBytes, OptionalInt cores, boolean visible, String note) {}

    /** One thing looked at; {@code advice} is empty where all is well. */
    record DoctorRow(String subject, String finding, boolean healthy, String advice) {}
}
