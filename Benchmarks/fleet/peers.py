#!/usr/bin/env python3
"""Predicts measured points with two packages of PyPI, at their own efficiencies, beside Solvent.

  llm-analysis 0.2.2   (cli99/llm-analysis; flops, HBM and link efficiency default to 1.0)
  genz-llm     0.0.16  (GenZ-LLM-Analyzer;  system_eff defaults to 1)

Both get the model by architecture numbers (models.csv) and the GPU by numbers (hardware.csv).
  static_batch, concurrency : tok/s = B*O / (prefill(B, I) + O*decode(B, I + O/2)), B as given
  max_load                  : same, B = min(what the tool says fits at I+O, 2048, num_requests)
  ttft_b1                   : prefill(1, I) in ms, against ttft_ms
A row without tp (MLPerf) takes the best predicted TP in {1,2,4,8} that divides n_gpus, times n_gpus/TP.
usage: peers.py --solvent CHECK.csv --data DIR [--tools llm-analysis,genz-llm] [--ffn isoparam|literal|hf]
DIR holds points_dev.csv, models.csv and hardware.csv; CHECK.csv is from: solvent fleet check --csv
"""
import argparse, collections, csv, logging, math, os, shutil, sys, time, warnings

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")
KINDS = ("static_batch", "max_load", "concurrency", "ttft_b1")
MAX_BATCH = 2048                                   # the engines' own cap on running sequences


class Skip(Exception):
    """This point is outside what the tool can express, or the tool refuses it."""


def num(row, key):
    return float(row[key]) if row[key] else None


def read(folder, name):
    with open(os.path.join(folder, name), newline="") as f:
        return list(csv.DictReader(f))


def link_gbs(gpu, tp):
    """One-direction GB/s between GPUs: NVLink/xGMI where its domain holds the TP group, else PCIe."""
    inside = num(gpu, "scaleup_gb_per_s_uni") and (num(gpu, "scaleup_domain_gpus") or 1) >= tp
    return num(gpu, "scaleup_gb_per_s_uni") if inside else num(gpu, "pcie_gb_per_s_uni")


def common_skips(p, m):
    """Features that neither tool models."""
    if p["kind"] not in KINDS:
        raise Skip("kind not asked for: " + p["kind"])
    if m["attention"] == "mla":
        raise Skip("MLA attention not supported")
    if p["attn_dp"] == "1":
        raise Skip("attention-DP + EP not supported")
    if int(m["swa_window"]):
        raise Skip("sliding-window attention not supported")
    if int(m["n_experts"]) and (m["n_moe_layers"] != m["n_layers"] or int(m["shared_expert_d_ff"])):
        raise Skip("shared expert / partly MoE stack not supported")


class LLMAnalysisPeer:
    """llm-analysis: whole-model roofline. Public objects ModelConfig, GPUConfig, DtypeConfig,
    ParallelismConfig, LLMAnalysis; inference() gives prefill_latency, decode_latency (s) and
    decode_max_batch_size_per_gpu, its notion of what fits (100% of HBM in GiB, less weights)."""
    name = "llm-analysis"

    def __init__(self, ffn):
        from llm_analysis import analysis, config
        from llm_analysis.logger import logger
        logger.setLevel(logging.ERROR)
        self.A, self.C, self.ffn, self.chunked, self.close = analysis, config, ffn, 0, lambda: None

    def build(self, p, m, gpu, tp):
        d, dff = int(m["d_model"]), int(m["moe_d_ff"]) or int(m["d_ff"])
        if int(m["n_heads"]) * int(m["head_dim"]) != d:
            raise Skip("head_dim is always d_model/n_heads")
        # FFN is always two matrices (2*d*ffn). isoparam: 1.5*d_ff for gated MLPs, so that the weights
        # come out right; literal: d_ff as in config.json; hf: what its HuggingFace loader makes, 4*d.
        ffn = {"literal": dff, "hf": 4 * d, "isoparam": dff * (1.5 if m["gated_mlp"] == "1" else 1)}[self.ffn]
        w, a, kv = (int(p[k]) for k in ("weight_bits", "act_bits", "kv_bits"))
        model = self.C.ModelConfig(
            name=m["model"], num_layers=int(m["n_layers"]), n_head=int(m["n_heads"]), hidden_dim=d,
            vocab_size=int(m["vocab"]), num_key_value_heads=int(m["n_kv_heads"]),
            ffn_embed_dim=ffn, expansion_ratio=ffn / d,       # both, or it asserts d_ff % d_model == 0
            moe_num_experts=max(1, int(m["n_experts"])), moe_top_k=max(1, int(m["experts_per_token"])))
        g = self.C.GPUConfig(
            name=gpu["gpu"], mem_per_GPU_in_GB=num(gpu, "hbm_gb"),
            hbm_bandwidth_in_GB_per_sec=num(gpu, "hbm_gb_per_s"),
            intra_node_bandwidth_in_GB_per_sec=link_gbs(gpu, tp),
            intra_node_min_message_latency=8e-6,              # the value in every GPU file it ships
            peak_fp16_TFLOPS=num(gpu, "bf16_tflops_dense"),
            peak_i8_TFLOPS=num(gpu, "fp8_tflops_dense") or num(gpu, "int8_tops_dense"),
            peak_i4_TFLOPS=num(gpu, "fp4_tflops_dense"))      # its peak follows max(weight, act) bits
        dtype = self.C.DtypeConfig(name="d", weight_bits=w, activation_bits=a)
        return self.A.LLMAnalysis(model, g, dtype, self.C.ParallelismConfig(tp_size=tp)), kv / 8

    def max_batch(self, p, m, gpu, tp, I, O):
        an, kvb = self.build(p, m, gpu, tp)
        return an.inference(1, I, O, kv_cache_dtype_bytes=kvb)["decode_max_batch_size_per_gpu"]

    def times(self, p, m, gpu, tp, B, I, O):
        an, kvb = self.build(p, m, gpu, tp)
        # its decode latency takes the KV cache at seq_len + num_tokens_to_generate: asking for O/2
        # generated tokens gives decode(B, I + O/2).
        try:
            r = an.inference(B, I, O / 2, kv_cache_dtype_bytes=kvb)
            return r["prefill_latency"], r["decode_latency"]
        except AssertionError as e:
            if "prefill activation memory" not in str(e):
                raise
        # It refuses to prefill the whole batch at once (logits of every prompt token in memory).
        # Engines prefill in pieces: the largest it allows, B/piece times; decode as inference() does it.
        self.chunked += 1
        r = an.inference(1, I, O / 2, kv_cache_dtype_bytes=kvb)
        piece = r["prefill_max_batch_size_per_gpu"]
        if B > r["decode_max_batch_size_per_gpu"]:
            raise Skip("refused: KV cache does not fit in memory")
        pre = an.get_latency_fwd(piece, I, layernorm_dtype_bytes=2)[0] * B / piece
        kv = an.get_memory_kv_cache_per_layer(B, I + O / 2, kvb) * an.model_config.num_layers
        dec = an.get_latency_fwd(B, 1, layernorm_dtype_bytes=2)[0]
        return pre, dec + 2 * kv / (an.get_gpu_hbm_bandwidth() * 1e9)


class GenZPeer:
    """genz-llm: per-operator roofline. prefill_moddeling / decode_moddeling take a GenZ ModelConfig as
    `model` and a System (or dict with Flops, Memory_size, Memory_BW, ICN) as `system_name`;
    ['Latency'] is in ms. One `bits` for weights, activations and KV."""
    name = "genz-llm"
    bits = {16: "bf16", 8: "fp8", 4: "fp4"}

    def __init__(self):
        import GenZ
        self.G, self.chunked = GenZ, 0
        self.tmp = None if os.path.exists("/tmp/genz") else "/tmp/genz"   # it writes a CSV per call there

    def args(self, p, m, gpu, tp):
        if len({p["weight_bits"], p["act_bits"], p["kv_bits"]}) > 1:
            raise Skip("mixed weight/activation/KV bits not supported (it has one `bits`)")
        model = self.G.ModelConfig(
            model=m["model"], vocab_size=int(m["vocab"]), hidden_size=int(m["d_model"]),
            intermediate_size=int(m["moe_d_ff"]) or int(m["d_ff"]), num_ffi=2 if m["gated_mlp"] == "1" else 1,
            num_decoder_layers=int(m["n_layers"]), num_attention_heads=int(m["n_heads"]),
            num_key_value_heads=int(m["n_kv_heads"]), head_dim=int(m["head_dim"]),
            num_experts=max(1, int(m["n_experts"])), expert_top_k=max(1, int(m["experts_per_token"])))
        system = {"Flops": num(gpu, "bf16_tflops_dense"), "Memory_size": num(gpu, "hbm_gb"),
                  "Memory_BW": num(gpu, "hbm_gb_per_s"), "ICN": link_gbs(gpu, tp), "real_values": True}
        return dict(model=model, system_name=system, tensor_parallel=tp, bits=self.bits[int(p["weight_bits"])])

    def max_batch(self, p, m, gpu, tp, I, O):
        a, mem = self.args(p, m, gpu, tp), num(gpu, "hbm_gb") * 1024              # MiB, as it counts
        fits = []
        for fn, n, extra in ((self.G.decode_moddeling, I + O, {"Bb": 1}), (self.G.prefill_moddeling, I, {})):
            table = fn(batch_size=1, input_tokens=int(n), model_profilling=True, **extra, **a)[1]
            fits.append((mem - table["Total Weights (MB)"].values[0]) / table["KV Cache (MB)"].values[0])
        return int(min(fits))

    def times(self, p, m, gpu, tp, B, I, O):
        a = self.args(p, m, gpu, tp)
        try:
            pre = self.G.prefill_moddeling(batch_size=B, input_tokens=int(I), **a)["Latency"]
            dec = self.G.decode_moddeling(batch_size=B, input_tokens=int(I + O / 2), Bb=1, **a)["Latency"]
        except ValueError as e:
            raise Skip("refused: KV cache does not fit in memory") if "would not fit" in str(e) else e
        return pre / 1e3, dec / 1e3

    def close(self):
        if self.tmp:                                        # only if it was not there before this run
            shutil.rmtree(self.tmp, ignore_errors=True)


def predict(peer, p, m, gpu):
    """(predicted, actual) of one point; raises Skip or whatever the tool raises."""
    common_skips(p, m)
    n, I, O = int(p["n_gpus"]), int(round(num(p, "input_len"))), num(p, "output_len")
    if p["kind"] == "ttft_b1":
        return peer.times(p, m, gpu, int(num(p, "tp")), 1, I, 1.0)[0] * 1e3, num(p, "ttft_ms")
    best, why = None, None
    tps = [int(num(p, "tp"))] if p["tp"] else [t for t in (1, 2, 4, 8) if n % t == 0]
    for tp in tps:
        try:
            if p["kind"] == "max_load":
                B = int(min(peer.max_batch(p, m, gpu, tp, I, O), MAX_BATCH, num(p, "num_requests") or 1e18))
                if B < 1:
                    raise Skip("refused: weights + one sequence do not fit in memory")
            else:
                B = int(num(p, "concurrency_or_batch"))
            pre, dec = peer.times(p, m, gpu, tp, B, I, O)
            best = max(best or 0, B * O / (pre + O * dec) * (n / tp))
        except Exception as e:                              # this TP is impossible; another may do
            why = e
    if best is None:
        raise why
    return best, num(p, "output_tokens_per_s")


def reason(e):
    s = str(e).replace("\n", " ")
    if "too large" in s:                                    # llm-analysis' memory assertions
        return "refused: KV cache does not fit in memory"
    return s if isinstance(e, Skip) else "%s: %s" % (type(e).__name__, s[:90])


def quantile(v, q):
    v, x = sorted(v), q * (len(v) - 1)
    lo = math.floor(x)
    return v[lo] + (v[min(lo + 1, len(v) - 1)] - v[lo]) * (x - lo)


def table(name, rows):
    """Errors by kind and in all, as Markdown rows; rows are (kind, predicted, measured)."""
    for kind in KINDS + ("all",):
        r = [x / y - 1 for k, x, y in rows if kind in (k, "all")]
        if r:
            ape = [abs(x) for x in r]
            print(f"| {name} | {kind} | {len(r)} | {quantile(ape, .5):.1%} | {quantile(ape, .9):.1%} |"
                  f" {quantile(r, .5):+.1%} |")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--solvent", required=True)
    ap.add_argument("--data", required=True)
    ap.add_argument("--tools", default="llm-analysis,genz-llm")
    ap.add_argument("--ffn", choices=("isoparam", "literal", "hf"), default="isoparam")
    o = ap.parse_args()
    points = read(o.data, "points_dev.csv")
    models = {m["model"]: m for m in read(o.data, "models.csv")}
    gpus = {g["gpu"]: g for g in read(o.data, "hardware.csv")}
    with open(o.solvent, newline="") as f:
        ours = {r["id"]: (r["kind"], float(r["predicted"]), float(r["measured"])) for r in csv.DictReader(f)}
    for tool in o.tools.split(","):
        t0, rows, skipped = time.time(), {}, collections.Counter()
        peer = LLMAnalysisPeer(o.ffn) if tool == "llm-analysis" else GenZPeer()
        for p in points:
            try:
                x, y = predict(peer, p, models[p["model"]], gpus[p["gpu"]])
                if not (x > 0 and math.isfinite(x) and y):
                    raise Skip("no finite prediction or no measurement")
                rows[p["id"]] = (p["kind"], x, y)
            except Exception as e:
                skipped[reason(e)] += 1
        peer.close()
        print(f"\n{tool}: {len(rows)} of {len(points)} points, {time.time() - t0:.1f} s; not supported: "
              + ", ".join(f"{k} {why}" for why, k in skipped.most_common()) + "\n")
        print("| | kind | points | median error | 90% within | bias |\n|---|---|---:|---:|---:|---:|")
        table(tool, rows.values())
        table("Solvent on those", [ours[i] for i in rows])


if __name__ == "__main__":
    main()
