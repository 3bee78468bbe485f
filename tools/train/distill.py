"""What a student is to lessen: cross entropy on the labels, or the three losses of DistilBERT (Sanh et al. 2019)."""

import torch
from torch.nn import functional as F


def labels_loss(model, softmax, windows):
    """Nats per token of (b, t + 1) token ids, each predicted from those before it in its window."""
    hidden, targets = states(model, windows)
    logits, right = softmax.logits(hidden, model.wte.weight, targets)
    return F.cross_entropy(logits - softmax.correction, right)


def distillation_loss(model, softmax, windows, teacher, weights):
    """The weighted sum of the teacher's softened distribution, the labels and the direction of the last hidden states.

    A sampled softmax serves here too: both models' distributions are then over the same sample.
    """
    hidden, targets = states(model, windows)
    logits, right = softmax.logits(hidden, model.wte.weight, targets)
    with torch.no_grad():
        teacher_hidden, _ = states(teacher, windows)
        teacher_logits, _ = softmax.logits(teacher_hidden, teacher.wte.weight, targets)
    return (
        weights.soft_targets * soft_targets_loss(logits, teacher_logits, softmax.correction, weights.temperature)
        + weights.labels * F.cross_entropy(logits - softmax.correction, right)
        + weights.cosine * (1 - F.cosine_similarity(hidden.float(), teacher_hidden.float(), dim=-1)).mean()
    )


def soft_targets_loss(logits, teacher_logits, correction, temperature):
    """Kullback-Leibler divergence from the teacher; temperature^2 keeps its gradients' size (Hinton et al. 2015)."""
    student = F.log_softmax(logits / temperature - correction, -1)
    teacher = F.softmax(teacher_logits / temperature - correction, -1)
    return F.kl_div(student, teacher, reduction="batchmean") * temperature**2


def states(model, windows):
    """(b * t, n_embd) hidden states and (b * t,) the tokens that come after them."""
    return model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten()
