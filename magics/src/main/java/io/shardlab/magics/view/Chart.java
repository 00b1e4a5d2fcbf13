package io.shardlab.magics.view;

import java.awt.image.BufferedImage;
import java.util.Optional;

/** A picture with a twin in text. */
public interface Chart {

    int WIDTH = 720;
    int HEIGHT = 380;

    String title();

    /** What the picture shows, for people who do not see it. */
    String text();

    /** Draws it; may throw anything where fonts or AWT are missing. Empty if there is nothing to draw. */
    Optional<BufferedImage> draw();
}
