//! The pictures an experiment can hand to the report: data only.

/// A picture of the report.
#[derive(Clone, Debug)]
pub enum Figure {
    /// Lines over a common axis; each series may have one run a seed, drawn as median and band.
    Curves {
        /// The heading.
        title: String,
        /// What the horizontal axis counts.
        x_label: String,
        /// What the vertical axis measures.
        y_label: String,
        /// The lines.
        series: Vec<Series>,
    },
    /// Horizontal bars with an optional mark (a goal, a base rate).
    Bars {
        /// The heading.
        title: String,
        /// What the bars' length measures, with its unit.
        x_label: String,
        /// The bars, from top to bottom.
        bars: Vec<Bar>,
        /// A vertical line across all bars, and its label.
        mark: Option<(f64, String)>,
    },
    /// A grid of small pictures: digits, samples, codebooks.
    Images {
        /// The heading.
        title: String,
        /// What the reader sees, and what a marked frame means.
        caption: String,
        /// How many stand in a row.
        columns: usize,
        /// How wide each of them is on the page.
        side: f64,
        /// The pictures, row by row.
        images: Vec<Image>,
    },
    /// A matrix of numbers as shades: attention, wins of experts, confusions.
    Heatmap {
        /// The heading.
        title: String,
        /// A label for each row.
        rows: Vec<String>,
        /// A label for each column.
        columns: Vec<String>,
        /// The numbers, row by row: `rows × columns`.
        values: Vec<f64>,
    },
}

impl Figure {
    /// Lines over a common axis.
    pub fn curves(title: &str, x_label: &str, y_label: &str, series: Vec<Series>) -> Self {
        let (title, x_label, y_label) = (title.into(), x_label.into(), y_label.into());
        Figure::Curves { title, x_label, y_label, series }
    }

    /// Horizontal bars; add a vertical line with [`marked`](Self::marked).
    pub fn bars(title: &str, x_label: &str, bars: Vec<Bar>) -> Self {
        Figure::Bars { title: title.into(), x_label: x_label.into(), bars, mark: None }
    }

    /// A grid of small pictures.
    ///
    /// # Panics
    /// If `columns` is 0.
    pub fn images(title: &str, caption: &str, columns: usize, images: Vec<Image>) -> Self {
        assert!(columns > 0, "{title}: a grid of pictures needs at least one column");
        let (title, caption) = (title.into(), caption.into());
        Figure::Images { title, caption, columns, side: 52.0, images }
    }

    /// A matrix as shades.
    ///
    /// # Panics
    /// If `values` does not hold rows × columns numbers.
    pub fn heatmap(title: &str, rows: &[&str], columns: &[&str], values: Vec<f64>) -> Self {
        assert_eq!(values.len(), rows.len() * columns.len(), "{title}: rows × columns numbers");
        let strings = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        Figure::Heatmap {
            title: title.into(),
            rows: strings(rows),
            columns: strings(columns),
            values,
        }
    }

    /// Draws a labelled vertical line across the bars; other figures are left as they are.
    pub fn marked(mut self, at: f64, label: &str) -> Self {
        if let Figure::Bars { mark, .. } = &mut self {
            *mark = Some((at, label.to_owned()));
        }
        self
    }

    /// Draws every picture of a grid so wide, in pixels of the page; other figures are left as they are.
    pub fn wide(mut self, width: f64) -> Self {
        if let Figure::Images { side, .. } = &mut self {
            *side = width;
        }
        self
    }

    /// The heading.
    pub fn title(&self) -> &str {
        match self {
            Figure::Curves { title, .. }
            | Figure::Bars { title, .. }
            | Figure::Images { title, .. }
            | Figure::Heatmap { title, .. } => title,
        }
    }
}

/// One line of a [`Figure::Curves`], measured once a seed.
#[derive(Clone, Debug)]
pub struct Series {
    /// The name in the legend.
    pub label: String,
    /// One list of `(x, y)` a seed, all with the same `x` for the band to mean anything.
    pub runs: Vec<Vec<(f64, f64)>>,
}

impl Series {
    /// A line from one list of points a seed.
    pub fn new(label: &str, runs: Vec<Vec<(f64, f64)>>) -> Self {
        Series { label: label.into(), runs }
    }
}

/// One bar of a [`Figure::Bars`].
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Its length.
    pub value: f64,
    /// A whisker from the first to the second, if measured.
    pub spread: Option<[f64; 2]>,
}

impl Bar {
    /// A bar without a whisker.
    pub fn new(label: &str, value: f64) -> Self {
        Bar { label: label.into(), value, spread: None }
    }

    /// Adds a whisker.
    pub fn spread(mut self, spread: [f64; 2]) -> Self {
        self.spread = Some(spread);
        self
    }
}

/// A small grey picture of a [`Figure::Images`].
#[derive(Clone, Debug)]
pub struct Image {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width × height` shades, 0 black to 255 white, row by row.
    pub pixels: Vec<u8>,
    /// A few characters below it, such as the label; may be empty.
    pub caption: String,
    /// Draws a frame around it, to point it out.
    pub marked: bool,
}

impl Image {
    /// A grey picture.
    ///
    /// # Panics
    /// If `pixels` does not hold `width × height` bytes.
    pub fn grey(width: usize, height: usize, pixels: Vec<u8>, caption: &str) -> Self {
        assert_eq!(pixels.len(), width * height, "a {width}×{height} picture");
        Image { width, height, pixels, caption: caption.into(), marked: false }
    }

    /// Draws a frame around it where `marked`.
    pub fn marked(mut self, marked: bool) -> Self {
        self.marked = marked;
        self
    }
}
