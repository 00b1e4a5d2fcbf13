package io.shardlab.engine;

import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import io.shardlab.model.BlockCode;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The blocks that users wrote: their classes, loaded once, from which each shard builds a block of its own. */
final class UserBlocks {

    private final Map<String, Class<?>> loaded = new HashMap<>();

    /** Classes from memory; everything else is the worker's own. */
    private static final class Classes extends ClassLoader {
        private final BlockCode code;

        Classes(BlockCode code) {
            super(UserBlocks.class.getClassLoader());
            this.code = code;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (!code.classes().containsKey(name)) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = code.bytes(name);
            return defineClass(name, bytes, 0, bytes.length);
        }
    }

    void define(BlockCode code) {
        loaded.computeIfAbsent(code.id(), id -> {
            try {
                return new Classes(code).loadClass(BlockCode.CLASS);
            } catch (ClassNotFoundException impossible) {
                throw new IllegalStateException("the block's code lost its class", impossible);
            }
        });
    }

    /** A new block; what its author's code throws is told with the line of the cell. */
    Block build(String code) {
        Class<?> known = loaded.get(code);
        if (known == null) {
            throw new IllegalStateException("the code " + code + " of a user's block never came to this rank");
        }
        try {
            Object built = known.getMethod(BlockCode.METHOD).invoke(null);
            if (built instanceof Block block) {
                return block;
            }
            throw new IllegalArgumentException("the cell returned no block");
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IllegalArgumentException(told(cause), cause);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The message of something thrown in the user's code, after the line where it happened. */
    static String told(Throwable thrown) {
        String line = "";
        for (StackTraceElement frame : thrown.getStackTrace()) {
            if (frame.getClassName().startsWith(BlockCode.CLASS)) {
                line = "line " + frame.getLineNumber() + ": ";
                break;
            }
        }
        return line
                + thrown.getClass().getSimpleName()
                + (thrown.getMessage() == null ? "" : ": " + thrown.getMessage());
    }

    /** A block's children in the order in which they compute; sequences inside sequences are opened, other blocks are not. */
    static List<Block> children(Block block) {
        if (!(block instanceof SequentialBlock sequence)
                || block.getClass() != SequentialBlock.class
                || sequence.isReturnIntermediate()) {
            return List.of(block);
        }
        List<Block> children = new ArrayList<>();
        sequence.getChildren().values().forEach(child -> children.addAll(children(child)));
        return children;
    }

    /** The parameters of some children, in their order, each once. */
    static List<Parameter> parameters(List<Block> children) {
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Parameter> parameters = new ArrayList<>();
        for (Block child : children) {
            for (Parameter parameter : child.getParameters().values()) {
                if (seen.add(parameter)) {
                    parameters.add(parameter);
                }
            }
        }
        return parameters;
    }

    /** What people call a child. */
    static String label(Block child) {
        if (child instanceof LambdaBlock lambda) {
            String name = lambda.getName();
            return name.contains("$") || name.equals(LambdaBlock.DEFAULT_NAME) ? "lambda" : name;
        }
        return child.getClass().getSimpleName();
    }
}
