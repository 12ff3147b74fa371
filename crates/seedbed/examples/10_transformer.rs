//! A small causal transformer that learns a text character by character, and then writes on by itself.
//!
//! `cargo run --release --features data --example 10_transformer [FILE]`
//!
//! Without a file it learns a poem by heart, in some seconds.

use seedbed::autodiff::{AttentionOptions, Rng, Tensor, module, value_and_grad};
use seedbed::data::text::Text;
use seedbed::data::{Windows, windows_in_order};
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::nn::schedule::Schedule;
use seedbed::nn::{Config, Embedding, LayerNorm, LearntPositions, Linear, TransformerBlock};

const LENGTH: usize = 64;
const WIDTH: usize = 64;
const STEPS: u64 = 600;

// ANCHOR: model
#[derive(Clone, Debug)]
struct Writer {
    tokens: Embedding,
    positions: LearntPositions,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    head: Linear,
}
module!(Writer: f32 { tokens, positions, blocks, norm, head });

impl Writer {
    fn new(vocabulary: usize, rng: &mut Rng) -> Self {
        Self {
            tokens: Embedding::new(vocabulary, WIDTH, rng),
            positions: LearntPositions::new(LENGTH, WIDTH, rng),
            blocks: (0..2).map(|_| TransformerBlock::new(WIDTH, 4, rng)).collect(),
            norm: LayerNorm::new(WIDTH),
            head: Linear::new(WIDTH, vocabulary, rng),
        }
    }

    /// What comes after each token: `[windows · length, vocabulary]` for windows of equal length.
    fn logits(&self, tokens: &[usize], length: usize) -> Tensor {
        let x = self.tokens.forward(tokens).reshape(&[tokens.len() / length, length, WIDTH]);
        let x = x + self.positions.forward(0, length);
        let sight = AttentionOptions::causal();
        let x = self.blocks.iter().fold(x, |x, block| block.forward(&x, &sight));
        let logits = self.head.forward(&self.norm.forward(&x));
        let vocabulary = logits.shape()[2];
        logits.reshape(&[tokens.len(), vocabulary])
    }
}
// ANCHOR_END: model

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = match std::env::args().nth(1) {
        Some(file) => {
            Text::new(&std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?)
        }
        None => Text::new(JABBERWOCKY),
    };
    let mut rng = Rng::new(0);
    let mut model = Writer::new(text.vocabulary().len(), &mut rng);

    // ANCHOR: train
    let mut windows = Windows::new(text.tokens(), LENGTH, 16, rng.split())?;
    let config = AdamWConfig { lr: 3e-3, ..Default::default() }.check()?;
    let mut optimizer = AdamW::new(&model, config);
    let schedule = Schedule::cosine(STEPS).warm_up(20);
    for step in 0..STEPS {
        let batch = windows.next_batch();
        let (loss, gradient) = value_and_grad(&model, |m| {
            m.logits(&batch.inputs, LENGTH).cross_entropy(&batch.targets)
        });
        optimizer.step_scaled(&mut model, &gradient, schedule.factor(step));
        if step % 100 == 0 {
            println!("step {step:3}: {:.2} bits per character", loss.item() / 2f32.ln());
        }
    }
    // ANCHOR_END: train

    let mut bits = (0.0, 0);
    for batch in windows_in_order(text.tokens(), LENGTH, 16)? {
        let loss = model.logits(&batch.inputs, LENGTH).cross_entropy(&batch.targets).item();
        bits.0 += f64::from(loss) / 2f64.ln() * batch.targets.len() as f64;
        bits.1 += batch.targets.len();
    }
    println!("the text: {:.2} bits per character", bits.0 / bits.1 as f64);

    // ANCHOR: write
    let mut written = text.tokens()[..8].to_vec();
    for _ in 0..200 {
        let seen = &written[written.len().saturating_sub(LENGTH)..];
        let logits = model.logits(seen, seen.len());
        written.push(logits.index(0, -1).argmax(0)[[]]);
    }
    // ANCHOR_END: write
    println!("{}", written.iter().map(|&token| text.vocabulary()[token]).collect::<String>());
    Ok(())
}

/// Lewis Carroll, "Through the looking-glass" (1871).
const JABBERWOCKY: &str = "\
'Twas brillig, and the slithy toves
Did gyre and gimble in the wabe;
All mimsy were the borogoves,
And the mome raths outgrabe.

'Beware the Jabberwock, my son!
The jaws that bite, the claws that catch!
Beware the Jubjub bird, and shun
The frumious Bandersnatch!'

He took his vorpal sword in hand:
Long time the manxome foe he sought--
So rested he by the Tumtum tree,
And stood awhile in thought.

And as in uffish thought he stood,
The Jabberwock, with eyes of flame,
Came whiffling through the tulgey wood,
And burbled as it came!

One, two! One, two! And through and through
The vorpal blade went snicker-snack!
He left it dead, and with its head
He went galumphing back.

'And hast thou slain the Jabberwock?
Come to my arms, my beamish boy!
O frabjous day! Callooh! Callay!'
He chortled in his joy.

'Twas brillig, and the slithy toves
Did gyre and gimble in the wabe;
All mimsy were the borogoves,
And the mome raths outgrabe.
";
