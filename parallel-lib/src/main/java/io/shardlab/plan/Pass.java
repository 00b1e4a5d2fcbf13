package io.shardlab.plan;

/** The passes of a stage over a micro-batch, with the letters of PyTorch's pipelining schedules. */
public enum Pass {
    FORWARD("F"),
    BACKWARD("B"),
    /** Gradients of the inputs only. */
    BACKWARD_INPUT("I"),
    /** Gradients of the weights only. */
    BACKWARD_WEIGHT("W");

    private final String letter;

    Pass(String letter) {
        this.letter = letter;
    }

    public String letter() {
        return letter;
    }

    public static Pass ofLetter(String letter) {
        for (Pass pass : values()) {
            if (pass.letter.equals(letter)) {
                return pass;
            }
        }
        throw new IllegalArgumentException("pass '" + letter + "' is not one of F, B, I, W");
    }
}
