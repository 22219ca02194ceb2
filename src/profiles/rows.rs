//! Rows on their way in and out: text back to back in one buffer, without an allocation per cell.

/// Rows to be written, all of the same number of columns. Cheap to clear and fill again.
#[derive(Clone, Debug, Default)]
pub struct RowBatch {
    text: String,
    /// Where each cell ends in `text`, row after row.
    ends: Vec<usize>,
    columns: usize,
}

impl RowBatch {
    /// An empty batch for rows of `columns` cells.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Appends a row given as cells back to back in `text`, each ending at its position in `ends`.
    ///
    /// # Panics
    /// When `ends` does not hold one rising position per column, the last of them the length of `text`.
    pub fn push_record(&mut self, text: &str, ends: &[usize]) {
        assert_eq!(ends.len(), self.columns, "one end per column");
        assert_eq!(ends.last().copied().unwrap_or(0), text.len());
        let offset = self.text.len();
        self.text.push_str(text);
        self.ends.extend(ends.iter().map(|end| offset + end));
    }

    /// Appends a row given as separate cells.
    ///
    /// # Panics
    /// When the number of cells is not the number of columns.
    pub fn push_cells<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        let before = self.ends.len();
        for cell in cells {
            self.text.push_str(cell);
            self.ends.push(self.text.len());
        }
        assert_eq!(
            self.ends.len() - before,
            self.columns,
            "one cell per column"
        );
    }

    /// Rows held.
    pub fn len(&self) -> usize {
        self.ends.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of text held.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Cells of all rows in order, as many per row as there are columns.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let cell = &self.text[start..*end];
            start = *end;
            cell
        })
    }
}

/// One profile of a scan: its row number and the chosen columns, in the order they were asked for.
///
/// Valid during the callback only; copy what must stay.
#[derive(Debug)]
pub struct ProfileRow<'a> {
    /// Row number in the snapshot, counted from 1 in the source's order.
    pub number: u64,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> ProfileRow<'a> {
    pub(super) fn new(number: u64, text: &'a str, ends: &'a [usize]) -> Self {
        Self { number, text, ends }
    }

    /// Value of the `index`-th chosen column, as the source wrote it.
    ///
    /// # Panics
    /// When fewer columns were chosen.
    pub fn value(&self, index: usize) -> &'a str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    /// All chosen columns.
    pub fn values(&self) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        (0..self.ends.len()).map(|index| self.value(index))
    }
}
