/** What classes and functions of transformers and PyTorch are called in this library. */

/** Names in Python, and the names here that do the same, the most useful one first. */
export const PYTHON_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ["AutoTokenizer", ["BertTokenizer"]],
  ["BertTokenizerFast", ["BertTokenizer"]],
  ["BertWordPieceTokenizer", ["trainVocab", "BertTokenizer"]],
  ["AutoModel", ["loadModel", "BertModel"]],
  ["BertForPreTraining", ["BertPretrainHead", "loadModel"]],
  ["BertForMaskedLM", ["BertPretrainHead", "fillMask"]],
  ["BertForNextSentencePrediction", ["BertPretrainHead", "isNext"]],
  ["BertForSequenceClassification", ["BertClassifier", "loadClassifier"]],
  ["AutoModelForSequenceClassification", ["loadClassifier", "BertClassifier"]],
  ["from_pretrained", ["loadModel", "loadClassifier"]],
  ["save_pretrained", ["saveModel", "saveClassifier"]],
  ["resize_token_embeddings", ["addTokens", "addWords"]],
  ["SentenceTransformer", ["sentenceEmbeddings"]],
  ["pipeline", ["fillMask", "classify", "sentenceEmbeddings"]],
  ["DataCollatorForLanguageModeling", ["mlmData", "batches"]],
  ["DataLoader", ["batches"]],
  ["Trainer", ["pretrain", "fineTune"]],
  ["TrainingArguments", ["pretrain", "fineTune"]],
  ["get_linear_schedule_with_warmup", ["learningRateAt"]],
  ["clip_grad_norm_", ["clipByGlobalNorm"]],
]);
