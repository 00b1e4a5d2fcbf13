package io.shardlab.cell;

import java.util.ArrayList;
import java.util.List;
import jdk.jshell.execution.DirectExecutionControl;

/**
 * Stands where a JShell would execute: keeps the classes and the calls instead, for those who will. It refuses to redefine a
 * class, as its parent does, so that the shell compiles what has changed under new names: classes of a running rank stay as they
 * are.
 */
final class RecordingControl extends DirectExecutionControl {

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

    @Override
    public String invoke(String className, String methodName) {
        calls.add(new Call(className, methodName));
        return "";
    }
}
