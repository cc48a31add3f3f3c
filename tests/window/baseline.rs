//! Pictures of the window compared with those that somebody looked at and found good.
//!
//! They are in `docs/pictures/`, where README shows some of them. `UPDATE_PICTURES=1 cargo test
//! --test window pictures` takes them anew; then look at each one before it is committed.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use png::{ColorType, Decoder, Transformations};

/// Edge of the blocks that are compared, in pixels: letters are drawn a little differently by
/// every version of the font engine, but not moved by as much.
const BLOCK: usize = 8;

/// How much the mean of a block may differ in one colour, of 255.
const COLOUR_TOLERANCE: u32 = 20;

/// The share of blocks that may differ by more.
const SHARE_TOLERANCE: f64 = 0.005;

/// Compares a picture with the one kept under this name, or keeps it.
///
/// # Panics
/// Where they differ by more than the tolerance, or none is kept.
pub fn assert_like(name: &str, png: &[u8]) {
    let place = kept(name);
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder for pictures");
        fs::write(&place, png).expect("the picture is kept");
        return;
    }
    let found = Picture::read(png);
    let good = fs::read(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let good = Picture::read(&good);
    assert_eq!(
        (found.width, found.height),
        (good.width, good.height),
        "{name} has another size"
    );
    let share = found.difference(&good);
    assert!(
        share <= SHARE_TOLERANCE,
        "{name} looks different in {:.2} % of its area; compare target/screenshots/{name}.png with {}",
        share * 100.0,
        place.display()
    );
}

fn kept(name: &str) -> PathBuf {
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    pictures.join(format!("{name}.png"))
}

/// Rows of pixels, three bytes each.
struct Picture {
    width: usize,
    height: usize,
    colours: Vec<u8>,
}

impl Picture {
    fn read(png: &[u8]) -> Self {
        let mut decoder = Decoder::new(Cursor::new(png));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().expect("a PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a picture fits")];
        let info = reader.next_frame(&mut bytes).expect("a whole PNG");
        let channels = match info.color_type {
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
            other => panic!("a picture in colours, not {other:?}"),
        };
        let pixels = bytes[..info.buffer_size()].chunks_exact(channels);
        Self {
            width: info.width as usize,
            height: info.height as usize,
            colours: pixels.flat_map(|pixel| &pixel[..3]).copied().collect(),
        }
    }

    /// The share of blocks that differ visibly from those of a picture of the same size.
    fn difference(&self, other: &Self) -> f64 {
        let rows = (0..self.height).step_by(BLOCK);
        let blocks = rows.flat_map(|y| (0..self.width).step_by(BLOCK).map(move |x| (x, y)));
        let (mut all, mut different) = (0, 0);
        for (x, y) in blocks {
            let pairs = self.mean(x, y).into_iter().zip(other.mean(x, y));
            all += 1;
            different += u32::from(
                pairs
                    .into_iter()
                    .any(|(a, b)| a.abs_diff(b) > COLOUR_TOLERANCE),
            );
        }
        f64::from(different) / f64::from(all)
    }

    /// The mean colour of the block that begins at `x` and `y`.
    fn mean(&self, x: usize, y: usize) -> [u32; 3] {
        let (right, bottom) = ((x + BLOCK).min(self.width), (y + BLOCK).min(self.height));
        let mut sum = [0; 3];
        for row in y..bottom {
            let (start, end) = (row * self.width + x, row * self.width + right);
            for pixel in self.colours[start * 3..end * 3].chunks_exact(3) {
                for (sum, colour) in sum.iter_mut().zip(pixel) {
                    *sum += u32::from(*colour);
                }
            }
        }
        let pixels = ((right - x) * (bottom - y)) as u32;
        sum.map(|sum| sum / pixels)
    }
}
