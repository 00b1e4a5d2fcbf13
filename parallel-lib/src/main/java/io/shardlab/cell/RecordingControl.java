package io.shardlab.cell;

import java.util.ArrayList;
import java.util.List;
import jdk.jshell.spi.ExecutionControl;

/** Stands where a JShell would execute: keeps the classes and the calls instead, for those who will. */
final class RecordingControl implements ExecutionControl {

    /** A call that the shell asked for. */
    record Call(String type, String method) {}

    private final List<CellProgram.CompiledClass> classes = new ArrayList<>();
    private final List<Call> calls = new ArrayList<>();

    /** The classes since the last time. */
    List<CellProgram.CompiledClass> takeClasses() {
        List<CellProgram.CompiledClass> taken = List.copyOf(classes);
        classes.clear();
        return taken;
    }

    /** The calls since the last time. */
    List<Call> takeCalls() {
        List<Call> taken = List.copyOf(calls);
        calls.clear();
        return taken;
    }

    @Override
    public void load(ClassBytecodes[] loaded) {
        for (ClassBytecodes each : loaded) {
            classes.add(new CellProgram.CompiledClass(each.name(), each.bytecodes()));
        }
    }

    /** Refused, so that the shell compiles what has changed under new names: classes of a running rank stay as they are. */
    @Override
    public void redefine(ClassBytecodes[] changed) throws NotImplementedException {
        throw new NotImplementedException("classes are not redefined");
    }

    @Override
    public String invoke(String className, String methodName) {
        calls.add(new Call(className, methodName));
        return "";
    }

    @Override
    public String varValue(String className, String varName) {
        return "";
    }

    @Override
    public void addToClasspath(String path) {}

    @Override
    public void stop() {}

    @Override
    public Object extensionCommand(String command, Object argument) throws NotImplementedException {
        throw new NotImplementedException(command);
    }

    @Override
    public void close() {}
}
