"""Duplicates as Splink finds them: reads a CSV, writes pairs with their weights, prints time and peak memory.

Splink gets what its documentation tells people to give it: values in lower case, numbers without spaces, the comparisons of its library that are made
for each kind of column, and several blocks to learn from. `python splink_pairs.py KIND ROWS.csv PAIRS.csv MEMORY THREADS`, called by bench/duplicates.ts.
"""

import json
import logging
import resource
import sys
import time

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

kind, rows, out, memory, threads = sys.argv[1:6]
logging.getLogger("splink").setLevel(logging.ERROR)
started = time.time()
connection = duckdb.connect()
connection.execute(f"set memory_limit = '{memory}'")
connection.execute(f"set threads = {threads}")
connection.execute(f"set temp_directory = '{out}.spill'")


def clean(column):
    return f"nullif(trim(strip_accents(lower({column}))), '') as {column}"


PHONE = "nullif(ltrim(regexp_replace(regexp_replace(phone, '^[+]44', ''), '[^0-9]', '', 'g'), '0'), '') as phone"
POSTCODE = "nullif(replace(upper(postcode), ' ', ''), '') as postcode"

if kind == "people":
    selected = ["id", "given", "family", "email", PHONE, "born", "street", "city", POSTCODE]
    cleaned = ["given", "family", "email", "street", "city"]
    blocks = [
        block_on("email"),
        block_on("phone"),
        block_on("born"),
        block_on("given", "family", "city"),
        block_on("family", "postcode"),
        block_on("given", "postcode"),
    ]
    comparisons = [
        cl.ForenameSurnameComparison("given", "family", forename_surname_concat_col_name="whole"),
        cl.EmailComparison("email"),
        cl.LevenshteinAtThresholds("phone", [1, 2]),
        cl.DateOfBirthComparison("born", input_is_string=True),
        cl.JaroWinklerAtThresholds("street", [0.92, 0.8]),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("postcode", [1]).configure(term_frequency_adjustments=True),
    ]
    certain = [block_on("email", "born"), block_on("given", "family", "born"), block_on("phone", "born")]
    training = [block_on("given", "family", "city"), block_on("born"), block_on("email")]
elif kind == "companies":
    selected = ["id", "name", "street", "city", POSTCODE, PHONE, "tax_id", "domain"]
    cleaned = ["name", "street", "city", "domain"]
    selected[6] = "nullif(regexp_replace(upper(tax_id), '[^A-Z0-9]', '', 'g'), '') as tax_id"
    blocks = [block_on("substr(name, 1, 5)"), block_on("phone"), block_on("tax_id"), block_on("domain"), block_on("postcode")]
    comparisons = [
        cl.NameComparison("name"),
        cl.JaroWinklerAtThresholds("street", [0.92, 0.8]),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("postcode", [1]).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("phone", [1, 2]),
        cl.LevenshteinAtThresholds("tax_id", [1, 2]),
        cl.JaroWinklerAtThresholds("domain", [0.92, 0.8]),
    ]
    certain = [block_on("tax_id"), block_on("name", "postcode"), block_on("domain", "phone")]
    training = [block_on("postcode"), block_on("phone"), block_on("tax_id")]
else:
    # As in https://moj-analytical-services.github.io/splink/demos/examples/duckdb/febrl3.html and febrl4.html, with the address columns besides.
    selected = ["id", "given_name", "surname", "street_number", "address_1", "suburb", "postcode", "date_of_birth", "soc_sec_id"]
    cleaned = selected[1:]
    blocks = [block_on(column) for column in ["soc_sec_id", "given_name", "surname", "date_of_birth", "postcode"]]
    comparisons = [
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
    ]
    if "documented" not in sys.argv:
        comparisons += [
            cl.JaroWinklerAtThresholds("address_1", [0.92, 0.8]),
            cl.JaroWinklerAtThresholds("suburb", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        ]
    certain = [
        block_on("soc_sec_id"),
        block_on("given_name", "surname", "date_of_birth"),
        "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
    ]
    training = [block_on("date_of_birth"), block_on("postcode")]

columns = ", ".join(clean(column) if column in cleaned else column for column in selected)
whole = ", given || ' ' || family as whole" if kind == "people" else ""
source = f"select *{whole} from (select {columns} from read_csv('{rows}', header = true, all_varchar = true))"
connection.execute(f"create table made as {source}")
api = DuckDBAPI(connection=connection)
data = api.register(connection.table("made"))
settings = SettingsCreator(
    unique_id_column_name="id",
    link_type="dedupe_only",
    blocking_rules_to_generate_predictions=blocks,
    comparisons=comparisons,
)
linker = Linker(data, settings)
linker.training.estimate_probability_two_random_records_match(certain, recall=0.7)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
for rule in training:
    linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)
predicted = linker.inference.predict(threshold_match_probability=0.01)
predicted.as_duckdbpyrelation().project("id_l, id_r, match_weight").write_csv(out, header=False)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": time.time() - started, "peakMb": peak}))
