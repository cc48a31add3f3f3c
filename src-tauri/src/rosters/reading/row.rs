//! A row as it is read. One is reused for all rows of a file.

/// Several texts in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::rosters) struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(in crate::rosters) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    pub(in crate::rosters) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    pub(in crate::rosters) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut from = 0;
        self.ends.iter().map(move |&end| {
            let text = &self.text[from..end];
            from = end;
            text
        })
    }
}

/// A user with groups, weight and attributes.
#[derive(Debug, Default)]
pub(in crate::rosters) struct Row {
    /// The number of its line, from 1; of the row in a table of SQLite.
    pub(in crate::rosters) line: u64,
    pub(in crate::rosters) id: String,
    pub(in crate::rosters) groups: Texts,
    pub(in crate::rosters) weight: Option<f64>,
    /// For each attribute that is not blank, its column.
    pub(in crate::rosters) columns: Vec<u32>,
    pub(in crate::rosters) attributes: Texts,
}

impl Row {
    /// Empties it for the row of another line.
    pub(super) fn start(&mut self, line: u64) {
        self.line = line;
        self.id.clear();
        self.groups.clear();
        self.weight = None;
        self.columns.clear();
        self.attributes.clear();
    }

    pub(super) fn attribute(&mut self, column: u32, text: &str) {
        self.columns.push(column);
        self.attributes.push(text);
    }
}
