//! Messages about what cannot be used.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_mechanisms::competition::{Competition, Rule};
use seedbed_mechanisms::evaluate::evaluate;
use seedbed_mechanisms::mechanism::Mechanism;
use seedbed_mechanisms::network::{DiscriminatorConfig, ExpertConfig, Head};
use seedbed_mechanisms::rims::RimConfig;
use seedbed_mechanisms::samples::{Truth, Unpaired, transform};
use seedbed_mechanisms::train::{Sharpening, Statistics, TrainConfig, Trainer};
use seedbed_nn::Config;

use crate::{small_config, small_data};

fn trainer() -> Trainer {
    Trainer::new(&small_config().check().unwrap(), &small_data(0).0, 0).unwrap()
}

#[test]
fn images_that_do_not_fit() {
    let experts = trainer().model;
    let error = |shape: &[usize]| experts.restore(&Tensor::zeros(shape)).unwrap_err().to_string();
    let fit = "but should be [n, height, width, 1] of the size that the experts were trained on";
    assert_eq!(error(&[2, 8, 8, 3]), format!("the shape of the images is [2, 8, 8, 3], {fit}"));
    assert_eq!(error(&[2, 16, 16, 1]), format!("the shape of the images is [2, 16, 16, 1], {fit}"));
    assert_eq!(error(&[8, 8]), format!("the shape of the images is [8, 8], {fit}"));
    assert_eq!(error(&[0, 8, 8, 1]), "the set of images is empty, but should have at least 1 row");
    let mut pixels = vec![0.0; 128];
    pixels[70] = f32::INFINITY;
    let error = experts.restore(&Tensor::new(pixels, &[2, 8, 8, 1])).unwrap_err().to_string();
    assert_eq!(error, "a pixel is inf in row 1, but should be finite");
    for (depth, beam) in [(0, 1), (1, 0)] {
        assert!(experts.restore_in_turn(&Tensor::zeros(&[1, 8, 8, 1]), depth, beam).is_err());
    }
    assert!(experts.restore_together(&Tensor::zeros(&[1, 8, 8, 1]), 0.0).is_err());
}

#[test]
fn samples_that_are_none() {
    let images = |n: usize, side: usize| Tensor::<f32>::zeros(&[n, side, side, 1]);
    let error = |a, b| Unpaired::new(a, b).unwrap_err().to_string();
    assert_eq!(
        error(images(0, 8), images(2, 8)),
        "canonical images is empty, but should have at least 1 row"
    );
    assert!(
        error(images(2, 8), images(2, 9))
            .starts_with("the shape of transformed images is [2, 9, 9, 1], but should be")
    );
    assert!(error(images(2, 8), Tensor::full(&[2, 8, 8, 1], f64::NAN)).contains("is NaN in row 0"));
    let none: [Mechanism; 0] = [];
    assert!(transform(&images(2, 8), &none, &mut Rng::new(0)).is_err());
    assert!(Unpaired::split(&images(1, 8), &[Mechanism::Invert], &mut Rng::new(0)).is_err());
    for broken in [
        Mechanism::<f32>::Blur { sigma: 0.0 },
        Mechanism::Noise { std: f64::NAN },
        Mechanism::Rotate { degrees: f64::INFINITY },
    ] {
        assert!(broken.apply(&images(1, 8), &mut Rng::new(0)).is_err(), "{broken:?}");
    }
}

#[test]
fn data_of_another_size_than_the_networks() {
    let config = TrainConfig { batch: 1000, ..small_config() }.check().unwrap();
    let error = Trainer::<f32>::new(&config, &small_data(0).0, 0).unwrap_err().to_string();
    assert_eq!(
        error,
        "the shape of the canonical images is [200, 8, 8, 1], but should be at least 1000 images, a batch"
    );
    let config = small_config().for_images([16, 16, 1]).check().unwrap();
    assert!(Trainer::<f32>::new(&config, &small_data(0).0, 0).is_err());
}

#[test]
fn a_step_on_other_data_than_those_of_the_trainer() {
    let mut trainer = trainer();
    let images = |n: usize, side: usize| {
        let one = |seed| Tensor::uniform(&[n, side, side, 1], 0.0, 1.0, &mut Rng::new(seed));
        Unpaired::<f32>::new(one(0), one(1)).unwrap()
    };
    for (data, expected) in [
        (images(50, 8), "the canonical images is [50, 8, 8, 1], but should be 200 images"),
        (images(500, 8), "the canonical images is [500, 8, 8, 1], but should be 200 images"),
        (images(200, 16), "the images is [200, 16, 16, 1], but should be [n, 8, 8, 1]"),
    ] {
        let error = trainer.step(&data).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        let error = trainer.step_decided(&data, |_| unreachable!()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // And nothing has changed.
    let mut other = self::trainer();
    let data = small_data(0).0;
    assert_eq!(trainer.step(&data).unwrap(), other.step(&data).unwrap());
}

#[test]
fn a_truth_about_other_images() {
    let (_, truth) = small_data(0);
    let images = truth.clean.clone();
    let missing = Truth { mechanism: truth.mechanism[1..].to_vec(), ..truth.clone() };
    let error = evaluate(&trainer().model, &images, &missing).unwrap_err().to_string();
    assert!(error.starts_with("the shape of the truth's mechanisms is"), "{error}");
    let mut unknown = truth.clone();
    unknown.mechanism[3] = 99;
    let error = evaluate(&trainer().model, &images, &unknown).unwrap_err().to_string();
    assert!(error.starts_with("the truth's mechanism is 99 for image 3"), "{error}");
    assert!(evaluate(&trainer().model, &Tensor::zeros(&[1, 8, 8, 1]), &truth).is_err());
}

#[test]
fn configurations_that_make_no_sense() {
    let message = |config: TrainConfig| config.check().unwrap_err().to_string();
    let good = small_config();
    let through = TrainConfig { statistics: Statistics::Through, ..good.clone() };
    assert!(message(through).starts_with("TrainConfig.statistics is \"through\", but should be"));
    let expert = ExpertConfig { channels: 3, ..good.expert.clone() };
    assert!(
        message(TrainConfig { expert, ..good.clone() })
            .starts_with("TrainConfig.expert.channels is 3")
    );
    assert!(message(TrainConfig { r1: -1.0, ..good.clone() }).contains("a finite number >= 0"));
    let sharpening = Some(Sharpening { from: 0, weight: f64::NAN });
    assert!(
        message(TrainConfig { sharpening, ..good.clone() })
            .starts_with("TrainConfig.sharpening.weight is NaN")
    );
    assert!(message(TrainConfig { smoothing: 0.5, ..good.clone() }).contains("in [0, 0.5)"));
    assert!(good.check().is_ok() && TrainConfig::paper().check().is_ok());
    assert!(TrainConfig::default().half().check().is_ok());
}

#[test]
fn sizes_that_cannot_be() {
    for n in [usize::MAX, 1 << 63, 1 << 40] {
        let field = |change: fn(&mut TrainConfig, usize)| {
            let mut config = small_config();
            change(&mut config, n);
            config.check().unwrap_err().field
        };
        assert_eq!(field(|c, n| c.experts = n), "experts");
        assert_eq!(field(|c, n| c.batch = n), "batch");
        assert_eq!(field(|c, n| c.expert.width = n), "width");
        assert_eq!(field(|c, n| c.expert.layers = n), "layers");
        assert_eq!(field(|c, n| c.expert.channels = n), "channels");
        assert_eq!(field(|c, n| c.discriminator.hidden = n), "hidden");
        assert_eq!(field(|c, n| c.discriminator.image[0] = n), "image[0]");
        assert_eq!(field(|c, n| c.discriminator.blocks[0][0] = n), "blocks[0][0]");
        let error = Competition::new(n, Rule::Argmax).unwrap_err().to_string();
        assert!(error.contains("at most 2^24"), "{error}");
        let field = |change: fn(&mut RimConfig, usize)| {
            let mut config = RimConfig::new(3);
            change(&mut config, n);
            config.check().unwrap_err().field
        };
        assert_eq!(field(|c, n| c.inputs = n), "inputs");
        assert_eq!(field(|c, n| c.modules = n), "modules");
        assert_eq!(field(|c, n| c.units = n), "units");
        assert_eq!(field(|c, n| c.key = n), "key");
        assert_eq!(field(|c, n| c.value = Some(n)), "value");
        assert_eq!(
            field(|c, n| c.communication.as_mut().unwrap().heads = n),
            "communication.heads"
        );
    }
    let expert = ExpertConfig { width: 1 << 20, layers: 5, ..ExpertConfig::default() };
    assert_eq!(expert.check().unwrap_err().field, "width");
    let judge =
        DiscriminatorConfig { image: [1 << 20, 1 << 20, 1], ..DiscriminatorConfig::default() };
    assert_eq!(judge.check().unwrap_err().field, "hidden");
    let cell = RimConfig { units: 1 << 20, ..RimConfig::new(3) };
    assert_eq!(cell.check().unwrap_err().field, "units");
    for std in [1e300, f64::INFINITY, -1.0, f64::NAN] {
        let head = Head::Residual { std };
        assert_eq!(
            ExpertConfig { head, ..ExpertConfig::default() }.check().unwrap_err().field,
            "head.std"
        );
        let cell = RimConfig { attention_std: Some(std), ..RimConfig::new(3) };
        assert_eq!(cell.check().unwrap_err().field, "attention_std");
    }
    assert_eq!(TrainConfig { r1: 1e300, ..small_config() }.check().unwrap_err().field, "r1");
}
