"""The closed models of pack files have the keys of the language, no more and no less."""

import pytest

from ioc.packs import language
from metrics.vocabulary import keys

MODELS = {
    "source": language.SourceTable,
    "field": language.FieldTable,
    "region": language.RegionTable,
    "variant": language.VariantTable,
    "regions": language.RegionRulesTable,
    "indicator": language.IndicatorTable,
    "window": language.WindowTable,
    "measure": language.MeasureTable,
    "rollup": language.RollupTable,
    "target": language.TargetTable,
    "thresholds": language.ThresholdsTable,
    "limits_variant": language.LimitsVariantTable,
    "flapping": language.FlappingTable,
    "baseline": language.BaselineTable,
    "top": language.TopTable,
}


@pytest.mark.parametrize("table", MODELS)
def test_a_model_has_the_keys_of_its_table(table):
    told = {spec.alias or name for name, spec in MODELS[table].model_fields.items()}
    assert told == set(keys(table))
