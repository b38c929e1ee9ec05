"""The GANs that are trained where the user names none."""

from gan_oversampler.gans.portfolio import MAX_ROWS_WITH_CRITIC, PORTFOLIO, default_portfolio
from gan_oversampler.gans.validation import validated
from gan_oversampler.sampling.base_samplers import BASES


def test_the_default_is_a_guided_gan_beside_bases_that_stay_as_they_are():
    few, many = default_portfolio(MAX_ROWS_WITH_CRITIC), default_portfolio(MAX_ROWS_WITH_CRITIC + 1)
    assert set(PORTFOLIO) <= set(BASES)
    for gans in (few, many):
        assert [validated(gan).family for gan in gans] == ["guided"] + ["residual"] * len(PORTFOLIO)
        assert [gan.base for gan in gans[1:]] == list(PORTFOLIO)
        assert not any(gan.active_terms for gan in gans[1:])
    # Of many rows the generator learns without a critic.
    assert set(few[0].active_terms) == {"utility", "adversarial", "fidelity"}
    assert set(many[0].active_terms) == {"utility", "fidelity"}
    for weight in (0.0, 0.3):
        assert default_portfolio(9, weight)[0].active_terms.get("fidelity", 0.0) == weight
