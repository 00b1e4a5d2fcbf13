package io.shardlab.magics.view;

/** Pieces of HTML that need neither style sheet nor script. */
public final class Html {

    private Html() {}

    public static String escape(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.append(Character.isISOControl(c) && c != '\n' && c != '\t' ? '\uFFFD' : c);
            }
        }
        return safe.toString();
    }

    public static String paragraph(String text) {
        return "<p>" + escape(text) + "</p>";
    }

    public static String preformatted(String text) {
        return "<pre>" + escape(text) + "</pre>";
    }

    /** Text in a colour, by an attribute because untrusted notebooks lose styles; where colours are taken away too the text stays. */
    public static String coloured(String colour, String text) {
        return "<font color=\"" + escape(colour) + "\">" + escape(text) + "</font>";
    }

    public static String bold(String text) {
        return "<b>" + escape(text) + "</b>";
    }
}
