package io.shardlab.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.screen.Port.Content;
import java.util.Optional;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.junit.jupiter.api.Test;

final class JJavaNotebookTest {
    private static final MIMEType PNG = MIMEType.IMAGE_PNG;

    @Test
    void htmlAndTextTravelTogether() {
        DisplayData data = JJavaNotebook.data(new Content("<b>x</b>", "x", Optional.empty()));
        assertEquals("<b>x</b>", data.getData(MIMEType.TEXT_HTML));
        assertEquals("x", data.getData(MIMEType.TEXT_PLAIN));
        assertFalse(data.hasDataForType(PNG));
    }

    @Test
    void aPictureWithoutHtmlIsAPicture() {
        DisplayData data = JJavaNotebook.data(new Content("", "a chart", Optional.of(new byte[] {1, 2, 3})));
        assertEquals("AQID", data.getData(PNG));
        assertFalse(data.hasDataForType(MIMEType.TEXT_HTML));
    }

    @Test
    void aPictureBesideHtmlIsNotHiddenByIt() {
        DisplayData data = JJavaNotebook.data(new Content("<p>x</p>", "x", Optional.of(new byte[] {1, 2, 3})));
        assertTrue(data.getData(MIMEType.TEXT_HTML).toString().contains("data:image/png;base64,AQID"));
    }
}
