// Runs the exhibit's own timing alone, quietly, and prints it.
import { readFileSync } from "node:fs"; import path from "node:path"; import { pathToFileURL } from "node:url";
import { createServer } from "vite";
import { load } from "tabrank";
const root="/work/main";
const vite=await createServer({configFile:path.join(root,"www/vite.config.ts"),server:{middlewareMode:true,watch:null,hmr:false,ws:false},ssr:{external:["tabrank","tabrank/evaluate"]},appType:"custom",logLevel:"error"});
const {Corpus,parseJsonLines}=await vite.ssrLoadModule("/src/corpus.ts");
const {timeSearches}=await vite.ssrLoadModule("/src/lessons/exhibits/pool/timing.ts");
const lines=n=>parseJsonLines(readFileSync(`${root}/corpus/${n}`,"utf8"),n);
const corpus=new Corpus(lines("passages.jsonl"),lines("queries.jsonl"));
const b=readFileSync(`${root}/models/index.safetensors`);
const r=await load({modelsUrl:pathToFileURL(root+"/models/"),build:"simd128",device:"cpu",scoreCache:50000});
await r.index(corpus.passages.map(({id,text})=>({id,text})),{prebuilt:b.buffer.slice(b.byteOffset,b.byteOffset+b.byteLength)});
await r.search("warm up",{pool:20});
const t=performance.now();
console.log(JSON.stringify(await timeSearches(r,corpus,50,{})),((performance.now()-t)/1000).toFixed(1)+" s");
r.dispose();await vite.close();
