//! The data set in memory and its tensors.

use ndarray::Array4;
use seedbed_data::{ImageSet, Normalize};

/// Three images of 2×2 pixels and two channels, counting up.
fn small() -> ImageSet {
    let images = Array4::from_shape_vec((3, 2, 2, 2), (0..24).collect()).unwrap();
    ImageSet::new(images, vec![1, 0, 1], ["a", "b"]).unwrap()
}

#[test]
fn select_carries_labels_and_ids() {
    let set = small().with_ids(vec![30, 10, 20]).unwrap();
    let selected = set.select(&[2, 0, 2]);
    assert_eq!(selected.ids(), [20, 30, 20]);
    assert_eq!(selected.labels(), [1, 1, 1]);
    assert_eq!(selected.images()[[0, 0, 0, 0]], 16);
    assert_eq!(selected.class_counts(), [0, 3]);
    assert_eq!(selected.select(&[1]).ids(), [30]);
    assert!(set.select(&[]).is_empty());
}

#[test]
fn tensors_are_scaled_and_normalised_by_channel() {
    let set = small();
    let x = set.tensor::<f64>(&[2, 0]);
    assert_eq!(x.shape(), [2, 2, 2, 2]);
    assert_eq!(x.data()[..2], [16.0 / 255.0, 17.0 / 255.0]);
    assert_eq!(x.data()[8], 0.0);
    let normalize = Normalize::new(vec![0.5, 0.0], vec![0.25, 1.0]).unwrap();
    let x = set.tensor_with::<f32>(&[1], &normalize);
    assert!((x.data()[0] - (8.0 / 255.0 - 0.5) / 0.25).abs() < 1e-6);
    assert!((x.data()[1] - 9.0 / 255.0).abs() < 1e-6);
    assert!((x.data()[2] - (10.0 / 255.0 - 0.5) / 0.25).abs() < 1e-6);

    let fit = Normalize::fit(&set).unwrap();
    let x = set.tensor_with::<f64>(&[0, 1, 2], &fit);
    for channel in 0..2 {
        let values: Vec<f64> = x.data().iter().copied().skip(channel).step_by(2).collect();
        let mean = values.iter().sum::<f64>() / 12.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 12.0;
        assert!(mean.abs() < 1e-12 && (variance - 1.0).abs() < 1e-12);
    }
    assert_eq!(set.labels_of(&[2, 1]), [1, 0]);
    assert_eq!(set.ids_of(&[2, 1]), [2, 1]);
}

#[test]
#[should_panic(expected = "tensor: row 3 of a data set with 3 rows")]
fn a_row_that_does_not_exist() {
    small().tensor::<f32>(&[0, 3]);
}

#[test]
#[should_panic(expected = "tensor: normalisation for 3 channels, images with 2")]
fn normalisation_for_other_images() {
    small().tensor_with::<f32>(&[0], &Normalize::new(vec![0.0; 3], vec![1.0; 3]).unwrap());
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let message = |result: Result<_, seedbed_data::DataError>| -> String {
        let _: ImageSet = match result {
            Ok(set) => set,
            Err(error) => return error.to_string(),
        };
        panic!("accepted")
    };
    let set = small();
    assert_eq!(
        message(set.with_labels(vec![0])),
        "the number of labels is 1; it should be 3, one an image"
    );
    assert_eq!(
        message(set.with_labels(vec![0, 2, 0])),
        "a label is 2; it should be below 2, the number of classes"
    );
    assert!(message(set.clone().with_ids(vec![1])).contains("the number of ids is 1"));
    assert!(message(ImageSet::concat(&[])).contains("at least 1"));
    let other = ImageSet::new(Array4::zeros((1, 2, 2, 1)), vec![0], ["a", "b"]).unwrap();
    assert!(
        message(ImageSet::concat(&[set.clone(), other])).contains("[2, 2, 2], as in the first")
    );
    let other = ImageSet::new(Array4::zeros((1, 2, 2, 2)), vec![0], ["a"]).unwrap();
    assert!(message(ImageSet::concat(&[set, other])).contains("list of classes"));
}

#[test]
fn normalisation_is_checked_wherever_it_comes_from() {
    assert!(Normalize::new(vec![], vec![]).is_err());
    assert!(Normalize::new(vec![0.0], vec![0.0]).is_err());
    assert!(Normalize::new(vec![f64::NAN], vec![1.0]).is_err());
    assert!(Normalize::new(vec![0.0, 0.0], vec![1.0]).is_err());
    let parse = serde_json::from_str::<Normalize>;
    assert_eq!(parse(r#"{"mean":[0.1307],"std":[0.3081]}"#).unwrap(), Normalize::mnist());
    assert!(parse(r#"{"mean":[0.0],"std":[-1.0]}"#).is_err());
    assert!(parse(r#"{"mean":[0.0],"std":[1.0],"more":1}"#).is_err());
    let same = ImageSet::new(Array4::zeros((2, 2, 2, 1)), vec![0, 0], ["a"]).unwrap();
    assert!(Normalize::fit(&same).is_err());
    assert!(Normalize::fit(&same.select(&[])).is_err());
}
