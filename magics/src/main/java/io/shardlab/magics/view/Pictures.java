package io.shardlab.magics.view;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Consumer;
import javax.imageio.ImageIO;

/**
 * Turns charts into PNG, and stops trying where the machine cannot draw: a missing font is reported once, and from then on
 * every chart is its text. Owned by one notebook; any thread.
 */
public final class Pictures {

    private final Consumer<String> complaint;
    private boolean unable;

    /** The complaint is told at most once, in one line. */
    public Pictures(Consumer<String> complaint) {
        this.complaint = complaint;
    }

    public synchronized Optional<byte[]> png(Chart chart) {
        if (unable) {
            return Optional.empty();
        }
        try {
            return chart.draw().map(Pictures::encode);
        } catch (Throwable cannotDraw) { // AWT without fonts fails with errors of many kinds, InternalError among them
            unable = true;
            complaint.accept("Charts are shown as text: this machine cannot draw (" + cannotDraw
                    + "); fonts come with `apt-get install fontconfig fonts-dejavu-core`");
            return Optional.empty();
        }
    }

    private static byte[] encode(BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.setUseCache(false);
            ImageIO.write(image, "png", bytes);
        } catch (IOException inMemory) {
            throw new UncheckedIOException(inMemory);
        }
        return bytes.toByteArray();
    }
}
