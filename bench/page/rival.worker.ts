/**
 * transformers.js as its documentation has it: raw logits of a sequence classifier, mean-pooled unit vectors of an encoder.
 *
 * Batches are made of texts of similar length, as little is padded as can be, and the batch size is the caller's choice.
 */

import {
  AutoModel,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  env,
  mean_pooling,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type Tensor,
} from "@huggingface/transformers";
import type { Setup } from "./engine.ts";
import type { Answer, Call } from "./rival.ts";

let tokenizer: PreTrainedTokenizer;
let cross: PreTrainedModel;
let bi: PreTrainedModel;

async function load({ crossEncoder, biEncoder, workers, device, dtype, runtime }: Setup, base: string): Promise<void> {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = new URL("models/onnx/", base).pathname; // with an origin before it, it is not taken for local
  env.useBrowserCache = false;
  env.useWasmCache = false;
  const wasm = env.backends.onnx.wasm;
  if (wasm === undefined) throw new Error("onnxruntime-web has no wasm backend");
  const file = (ending: string) => new URL(`ort/ort-wasm-simd-threaded${runtime}.${ending}`, base).href;
  wasm.wasmPaths = { mjs: file("mjs"), wasm: file("wasm") };
  wasm.numThreads = workers;
  const options = { dtype, device: device === "cpu" ? "wasm" : device } as const;
  tokenizer = await AutoTokenizer.from_pretrained(crossEncoder);
  cross = await AutoModelForSequenceClassification.from_pretrained(crossEncoder, options);
  bi = await AutoModel.from_pretrained(biEncoder, options);
}

/** Places of the texts, batch by batch, the shortest first. */
function batches(texts: string[], size: number): number[][] {
  const order = texts.map((_, i) => i).sort((a, b) => texts[a]!.length - texts[b]!.length);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}

async function rerank(query: string, texts: string[], size: number): Promise<number[]> {
  const logits = new Array<number>(texts.length);
  for (const batch of batches(texts, size)) {
    const inputs = tokenizer(new Array<string>(batch.length).fill(query), {
      text_pair: batch.map((i) => texts[i]!),
      padding: true,
      truncation: true,
    });
    const output = (await cross(inputs)) as { logits: Tensor };
    batch.forEach((place, i) => (logits[place] = Number(output.logits.data[i])));
  }
  return logits;
}

async function embed(texts: string[], size: number): Promise<Float32Array[]> {
  const vectors = new Array<Float32Array>(texts.length);
  for (const batch of batches(texts, size)) {
    const inputs = tokenizer(batch.map((i) => texts[i]!), { padding: true, truncation: true });
    const output = (await bi(inputs)) as { last_hidden_state: Tensor };
    const pooled = mean_pooling(output.last_hidden_state, inputs.attention_mask).normalize(2, -1);
    const width = pooled.dims.at(-1)!;
    batch.forEach((place, i) => (vectors[place] = (pooled.data as Float32Array).slice(i * width, (i + 1) * width)));
  }
  return vectors;
}

function tokens(query: string | null, texts: string[]): number[] {
  return texts.map((text) => tokenizer(query ?? text, query === null ? {} : { text_pair: text }).input_ids.dims[1] as number);
}

function info(): Record<string, unknown> {
  const { versions, wasm } = env.backends.onnx;
  return { transformers: env.version, onnxruntime: versions?.web, threads: wasm?.numThreads, isolated: crossOriginIsolated };
}

const methods: Record<Call["method"], (...params: never[]) => unknown> = { load, rerank, embed, tokens, info };

self.onmessage = async ({ data: { id, method, params } }: MessageEvent<Call>) => {
  let answer: Answer;
  try {
    answer = { id, result: await methods[method](...(params as never[])) };
  } catch (error) {
    answer = { id, error: String(error instanceof Error ? (error.stack ?? error) : error) };
  }
  self.postMessage(answer);
};
