import io.shardlab.magics.session.Notebook;
import io.shardlab.magics.session.NotebookPort;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Runs cells on workers as a notebook would, when told to by lines of standard input, and prints nanoseconds. Argument: number of
 * workers. {@code same N}: one cell N times, compiled once; {@code new N}: N cells that were never seen before.
 */
public final class Cells {

    private Cells() {}

    /** Takes everything and shows nothing. */
    private static final class Silent implements NotebookPort {
        @Override
        public Display display(Content content) {
            return next -> {};
        }

        @Override
        public void stream(String text) {}

        @Override
        public boolean interactive() {
            return true;
        }
    }

    public static void main(String[] args) throws Exception {
        try (Notebook notebook = new Notebook(new Silent());
                BufferedReader commands =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            notebook.line(List.of("up", "-n", args[0], "--devices", "cpu", "--threads", "1"));
            long begin = System.nanoTime();
            notebook.cell(List.of(), "rank");
            System.out.println("{\"first\":" + (System.nanoTime() - begin) + "}");
            int number = 0;
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                String[] words = line.split(" ");
                long[] nanos = new long[Integer.parseInt(words[1])];
                for (int i = 0; i < nanos.length; i++) {
                    String source = words[0].equals("same") ? "rank" : "int v" + number + " = rank + " + number++ + ";";
                    long start = System.nanoTime();
                    notebook.cell(List.of(), source);
                    nanos[i] = System.nanoTime() - start;
                }
                System.out.println(json(nanos));
            }
        }
    }

    private static String json(long[] nanos) {
        StringBuilder text = new StringBuilder("{\"nanos\":[");
        for (int i = 0; i < nanos.length; i++) {
            text.append(i == 0 ? "" : ",").append(nanos[i]);
        }
        return text.append("]}").toString();
    }
}
