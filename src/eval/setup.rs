//! The setups that a measurement compares: the page's, and the page's with one part switched off.

use std::sync::LazyLock;

use super::settings::SETTINGS;
use crate::suggestion::SuggestionOptions;

/// A way to make suggestions: the page's, or the page's with one part switched off.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// The name in the report.
    pub name: &'static str,
    /// Whether token healing is on.
    pub has_healing: bool,
    /// Gate and ranking.
    pub options: SuggestionOptions,
}

impl Setup {
    /// The page's own, with its default gate.
    pub(crate) fn page() -> Setup {
        Setup {
            name: "as on the page",
            has_healing: true,
            options: SuggestionOptions {
                gate: SETTINGS.gate(),
                is_ranked: true,
            },
        }
    }
}

/// How many setups are compared.
pub const N_SETUPS: usize = 4;

/// All setups that are compared; the page's comes first.
pub static SETUPS: LazyLock<[Setup; N_SETUPS]> = LazyLock::new(|| {
    let page = Setup::page();
    [
        page,
        Setup {
            name: "without healing",
            has_healing: false,
            ..page
        },
        Setup {
            name: "without the gate",
            options: SuggestionOptions {
                gate: 0.0,
                ..page.options
            },
            ..page
        },
        Setup {
            name: "without ranking",
            options: SuggestionOptions {
                is_ranked: false,
                ..page.options
            },
            ..page
        },
    ]
});
