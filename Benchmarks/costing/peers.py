# SPDX-License-Identifier: Apache-2.0
"""One peer computing the roll-up as a whole process: peers.py ENGINE LOG OUT THREADS"""
import os, sys

engine, log, out, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
RATES = {"ChatGPT": (500, 1500), "GPT-4": (30000, 60000)}  # nano-dollars per token
if engine == "polars":
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    import polars as pl

    rates = pl.LazyFrame({
        "Model": list(RATES), "i": [r[0] for r in RATES.values()], "o": [r[1] for r in RATES.values()]})
    tokens_in, tokens_out = pl.col("Request tokens"), pl.col("Response tokens")
    (pl.scan_csv(log, schema_overrides={"Timestamp": pl.Int64})
       .join(rates, on="Model")
       .group_by((pl.col("Timestamp") // 3600).alias("hour"), "Model", "Log Type")
       .agg(pl.len().alias("requests"), (tokens_out == 0).sum().alias("failed"),
            tokens_in.sum().alias("input_tokens"), tokens_out.sum().alias("output_tokens"),
            (tokens_in * pl.col("i") + tokens_out * pl.col("o")).sum().alias("cost_nano_usd"))
       .sort("hour", "Model", "Log Type")
       .collect(engine="streaming").write_csv(out))
else:
    import duckdb

    duckdb.connect(config={"threads": threads}).execute(f"""
      COPY (
        SELECT "Timestamp" // 3600 AS hour, "Model", "Log Type", count(*) AS requests,
          count(*) FILTER (WHERE "Response tokens" = 0) AS failed,
          sum("Request tokens")::BIGINT AS input_tokens, sum("Response tokens")::BIGINT AS output_tokens,
          sum("Request tokens" * i + "Response tokens" * o)::BIGINT AS cost_nano_usd
        FROM read_csv('{log}', header = true, delim = ',', quote = '', escape = '', auto_detect = false,
          columns = {{'Timestamp': 'BIGINT', 'Model': 'VARCHAR', 'Request tokens': 'BIGINT',
            'Response tokens': 'BIGINT', 'Total tokens': 'BIGINT', 'Log Type': 'VARCHAR'}})
        JOIN (VALUES ('ChatGPT', 500::BIGINT, 1500::BIGINT), ('GPT-4', 30000, 60000)) r(m, i, o)
          ON "Model" = m
        GROUP BY ALL ORDER BY ALL) TO '{out}' (HEADER)""")
