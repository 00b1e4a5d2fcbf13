package io.shardlab.tests;

import java.util.Map;
import jdk.jshell.execution.DirectExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/** Runs nothing: JShell then is a compiler that remembers declarations. */
final class IdleExecution extends DirectExecutionControl {

    static final class Provider implements ExecutionControlProvider {
        @Override
        public String name() {
            return "idle";
        }

        @Override
        public ExecutionControl generate(ExecutionEnv environment, Map<String, String> parameters) {
            return new IdleExecution();
        }
    }

    @Override
    public void load(ClassBytecodes[] classes) {}

    @Override
    public String invoke(String type, String method) {
        return "";
    }
}
