// The running means of the online rule.

// The share of one sample in a mean: the first ones count equally, until the share falls to `least`.
fn share_of(least: f32) -> f32 {
  return max(least, 1.0 / f32(control.online_samples));
}

fn settled(mean: f32) -> f32 {
  return select(mean, 0.0, abs(mean) < MEAN_MIN);
}

// The share of all learners of a step.
fn share_of_all(least: f32) -> f32 {
  return min(1.0, f32(control.learning) * share_of(least));
}
