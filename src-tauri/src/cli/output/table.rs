//! Rows in columns, aligned by the columns of a terminal that their cells take.

use std::array;

use super::line::Line;

/// What stands between two columns.
const GAP: &str = "  ";

/// To which side of its column a cell is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// Rows of cells. The last cell of a row that is not empty may be of any width.
#[derive(Debug)]
pub struct Table<const N: usize> {
    rows: Vec<[Line; N]>,
    sides: [Side; N],
    indent: &'static str,
    widest: usize,
}

impl<const N: usize> Table<N> {
    pub fn new() -> Self {
        Self {
            rows: Vec::new(),
            sides: [Side::Left; N],
            indent: "",
            widest: usize::MAX,
        }
    }

    /// Begins with a row of headings.
    pub fn headed(headings: [&str; N]) -> Self {
        let mut table = Self::new();
        table.row(headings.map(Line::from));
        table
    }

    pub fn indented(self, indent: &'static str) -> Self {
        Self { indent, ..self }
    }

    /// Sets the cells of the columns behind `from` to the right: numbers.
    pub fn numbers_from(mut self, from: usize) -> Self {
        self.sides[from..].fill(Side::Right);
        self
    }

    /// Lets a cell that is wider than this push its row to the right, and no other row.
    pub fn widest(self, widest: usize) -> Self {
        Self { widest, ..self }
    }

    pub fn row(&mut self, cells: [Line; N]) {
        self.rows.push(cells);
    }

    /// Adds a row of one text that may be of any width.
    pub fn text(&mut self, text: impl Into<Line>) {
        let mut cells = array::from_fn(|_| Line::default());
        cells[0] = text.into();
        self.row(cells);
    }

    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let widths: [usize; N] = array::from_fn(|column| self.width(column));
        self.rows.iter().map(move |row| self.line(row, &widths))
    }

    fn width(&self, column: usize) -> usize {
        let is_right = self.sides[column] == Side::Right;
        let rows = self.rows.iter();
        let rows = rows.filter(|row| is_right || column + 1 < cells(row).len());
        let widths = rows.map(|row| row[column].width());
        widths
            .filter(|width| *width <= self.widest)
            .max()
            .unwrap_or(0)
    }

    fn line(&self, row: &[Line; N], widths: &[usize; N]) -> Line {
        let mut line = Line::from(self.indent);
        let cells = cells(row);
        for (column, cell) in cells.iter().enumerate() {
            let blanks = " ".repeat(widths[column].saturating_sub(cell.width()));
            let is_last = column + 1 == cells.len();
            line = line + if column == 0 { "" } else { GAP };
            line = match self.sides[column] {
                Side::Right => line + blanks + cell.clone(),
                Side::Left if is_last => line + cell.clone(),
                Side::Left => line + cell.clone() + blanks,
            };
        }
        line
    }
}

/// Returns the cells of a row up to the last that is not empty.
fn cells<const N: usize>(row: &[Line; N]) -> &[Line] {
    let count = row.iter().rposition(|cell| !cell.is_empty());
    &row[..count.map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<const N: usize>(table: &Table<N>, lines: &[&str]) {
        let told: Vec<String> = table.lines().map(|line| line.to_string()).collect();
        assert_eq!(told, lines);
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::headed(["NAME", "STATE"]);
        for name in [
            "tracker",
            "検索エンジン",
            "👩\u{200d}💻",
            "e\u{301}te\u{301}",
            "a\nb",
        ] {
            table.row([name.into(), "on".into()]);
        }
        check(
            &table,
            &[
                "NAME          STATE",
                "tracker       on",
                "検索エンジン  on",
                "👩\u{200d}💻            on",
                "e\u{301}te\u{301}           on",
                "a\\nb          on",
            ],
        );
    }

    #[test]
    fn numbers_are_set_to_the_right_and_lines_end_without_blanks() {
        let mut table = Table::headed(["SOURCE", "CALCULATIONS", "MEAN"])
            .numbers_from(1)
            .indented("  ");
        table.row(["検索".into(), "12".into(), "8 ms".into()]);
        table.row(["b".into(), Line::default(), Line::default()]);
        check(
            &table,
            &[
                "  SOURCE  CALCULATIONS  MEAN",
                "  検索              12  8 ms",
                "  b",
            ],
        );
    }

    #[test]
    fn what_is_too_wide_or_last_in_its_row_widens_no_column() {
        let mut table = Table::new().widest(4);
        table.text("a sentence that is longer than all names");
        table.row(["ab".into(), "1".into()]);
        table.row(["abcdefgh".into(), "2".into()]);
        table.row(["abcd".into(), "3".into()]);
        check(
            &table,
            &[
                "a sentence that is longer than all names",
                "ab    1",
                "abcdefgh  2",
                "abcd  3",
            ],
        );
    }
}
