import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Utils;

/** Unpacks the native libraries into the DJL cache by loading the engine once, and prints where they lie. */
public final class WarmEngine {
    public static void main(String[] arguments) {
        Engine engine = Engine.getEngine("PyTorch");
        try (NDManager manager = engine.newBaseManager()) {
            manager.ones(new Shape(2)).sum().getFloat();
        }
        System.out.println(Utils.getEngineCacheDir("pytorch"));
    }
}
