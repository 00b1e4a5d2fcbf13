package io.shardlab.magics.view;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The colours of Okabe and Ito (2008), which stay apart for colour-blind eyes, and the common look of all charts. */
final class Palette {

    static final Color ORANGE = new Color(0xE69F00);
    static final Color SKY = new Color(0x56B4E9);
    static final Color GREEN = new Color(0x009E73);
    static final Color YELLOW = new Color(0xF0E442);
    static final Color PALE_YELLOW = new Color(0xF8F1B0);
    static final Color BLUE = new Color(0x0072B2);
    static final Color VERMILION = new Color(0xD55E00);
    static final Color PURPLE = new Color(0xCC79A7);
    static final Color GREY = new Color(0xBBBBBB);
    static final Color IDLE = new Color(0xEEEEEE);
    static final Color INK = new Color(0x222222);
    static final Color FAINT = new Color(0xE4E4E4);

    private Palette() {}

    /** White ground and dark ink, so a chart reads the same in a light and in a dark notebook. */
    static void dress(AxesChartStyler styler) {
        Font plain = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setChartFontColor(INK);
        styler.setChartTitleBoxVisible(false);
        styler.setChartTitleFont(plain.deriveFont(Font.BOLD, 14f));
        styler.setAxisTitleFont(plain);
        styler.setAxisTickLabelsFont(plain.deriveFont(11f));
        styler.setLegendFont(plain.deriveFont(11f));
        styler.setLegendBorderColor(Color.WHITE);
        styler.setLegendBackgroundColor(Color.WHITE);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS);
        styler.setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setPlotGridLinesColor(FAINT);
        styler.setPlotGridLinesStroke(new BasicStroke(1f));
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setAxisTickMarksColor(GREY);
        styler.setChartPadding(12);
        styler.setSeriesMarkers(new Marker[] {SeriesMarkers.NONE});
        styler.setAntiAlias(true);
    }
}
