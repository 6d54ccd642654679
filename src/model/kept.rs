//! What the layers that read texts apart made of them, kept for the next pair that has the same text.
//!
//! A gated cross-encoder's first layers know nothing of the other text of a pair, so what they make of a query holds for all
//! passages, and of a passage for all queries. States are kept as they were computed, not rounded: taking them leaves no trace
//! in a score.

use std::sync::{Arc, Mutex, PoisonError};

/// Tokens of which states are kept: 12 MB at a width of 384, a hundred passages of a hundred words, or two pools of fifty shorter ones.
const MOST_TOKENS: usize = 8192;

/// States by text, those used last at the end.
pub(super) struct Kept<S>(Mutex<Texts<S>>);

struct Texts<S> {
    states: Vec<(Box<[u32]>, Arc<S>)>,
    tokens: usize,
}

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Self(Mutex::new(Texts { states: Vec::new(), tokens: 0 }))
    }
}

impl<S> Kept<S> {
    fn with<T>(&self, then: impl FnOnce(&mut Texts<S>) -> T) -> T {
        // Nothing panics in between that would leave the two fields in contradiction.
        then(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The states of a text, given as its token ids with what frames them.
    pub fn get(&self, ids: &[u32]) -> Option<Arc<S>> {
        self.with(|texts| {
            // A few hundred at most, most of them of other lengths.
            let at = texts.states.iter().position(|(known, _)| **known == *ids)?;
            texts.states[at..].rotate_left(1);
            texts.states.last().map(|(_, states)| states.clone())
        })
    }

    /// Keeps the states of a text, and lets those go that have been out of use for longest if there are too many.
    pub fn put(&self, ids: &[u32], states: Arc<S>) {
        self.with(|texts| {
            if texts.states.iter().any(|(known, _)| **known == *ids) {
                return; // by a call that overlapped this one
            }
            texts.tokens += ids.len();
            texts.states.push((ids.into(), states));
            let mut beyond = 0;
            while texts.tokens > MOST_TOKENS {
                texts.tokens -= texts.states[beyond].0.len();
                beyond += 1;
            }
            texts.states.drain(..beyond);
        });
    }

    /// Forgets all texts.
    pub fn clear(&self) {
        self.with(|texts| {
            texts.states.clear();
            texts.tokens = 0;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_used_last_stays() {
        let kept = Kept::default();
        let text = |n: u32| [n; 1000];
        for n in 0..8 {
            kept.put(&text(n), Arc::new(n));
        }
        assert_eq!(kept.get(&text(0)).as_deref(), Some(&0));
        kept.put(&text(8), Arc::new(8));
        assert_eq!(kept.get(&text(1)), None, "8,192 tokens are kept, and this had not been used for longest");
        for n in [0, 2, 3, 4, 5, 6, 7, 8] {
            assert_eq!(kept.get(&text(n)).as_deref(), Some(&n));
        }
        kept.clear();
        assert_eq!(kept.get(&text(8)), None);
    }

    proptest! {
        #[test]
        fn there_is_never_too_much_and_what_is_got_is_what_was_put(
            texts in prop::collection::vec((0u32..40, 1usize..600, any::<bool>()), 0..120),
        ) {
            let kept = Kept::default();
            for (id, len, put) in texts {
                let ids = vec![id; len];
                if put {
                    kept.put(&ids, Arc::new((id, len)));
                    prop_assert!(kept.get(&ids).is_some(), "the newest fits");
                }
                if let Some(states) = kept.get(&ids) {
                    prop_assert_eq!(*states, (id, len));
                }
                let (tokens, counted) = kept.with(|texts| (texts.tokens, texts.states.iter().map(|(ids, _)| ids.len()).sum::<usize>()));
                prop_assert_eq!(tokens, counted);
                prop_assert!(tokens <= MOST_TOKENS);
            }
        }
    }
}
