import { rerank } from "./rerank.js";

rerank();
