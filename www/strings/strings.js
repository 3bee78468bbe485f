// The table of all strings in every language of the page, and the functions that say them.

import { ABOUT } from "./about.js";
import { ENGINE } from "./engine.js";
import { INSIDE } from "./inside.js";
import { SETTINGS } from "./settings.js";

/** @typedef {"en" | "zh"} Language */
/** @typedef {Record<string, Record<Language, string>>} StringTable */
/** @typedef {keyof typeof STRINGS} StringKey */
/**
 * A message in no language yet: a key with its values, literal text, or several of these in a row.
 * @typedef {string | number | {key: StringKey, values?: Record<string, Words>} | readonly Words[]} Words
 */

/** `{name}` is replaced by a value. @satisfies {StringTable} */
export const STRINGS = {
  // The page
  title: { en: "Write with DistilGPT2", zh: "用 DistilGPT2 写作" },
  other_language: { en: "中文", zh: "English" },
  open_about: { en: "About", zh: "关于" },
  editor_label: { en: "Your text", zh: "你的文字" },
  placeholder: { en: "Start writing, and the model continues …", zh: "写下开头，模型会接着写……" },
  privacy: { en: "What you write stays on this device.", zh: "你写的内容只留在这台设备上。" },
  between_sentences: { en: " ", zh: "" },
  close: { en: "Close", zh: "关闭" },
  cancel: { en: "Cancel", zh: "取消" },
  page_not_started: { en: "The page could not start", zh: "页面无法启动" },
  page_not_started_because: {
    en: "The page could not start: {cause}. Reload it. If that does not help, update this browser or use another one.",
    zh: "页面无法启动：{cause}。请重新加载；如果仍然不行，请更新这个浏览器，或换一个浏览器。",
  },
  update_ready: { en: "A new version is ready.", zh: "新版本已就绪。" },
  update_waits: {
    en: "A new version is ready, but this page is open in other tabs that still need the old one: close them first.",
    zh: "新版本已就绪，但其他标签页也打开着本页，仍需要旧版本：请先关闭它们。",
  },
  update_unsaved: {
    en: "A new version is ready, but your text is not saved, and a reload might lose it: copy it elsewhere, then close this page and open it again.",
    zh: "新版本已就绪，但你的文字没有保存，重新加载可能会丢失：请先把它复制到别处，再关闭并重新打开本页。",
  },
  use_update: { en: "Reload to use it", zh: "重新加载以使用" },

  // The models
  headline_starting: { en: "Starting …", zh: "正在启动……" },
  headline_none: { en: "No model yet", zh: "还没有模型" },
  headline_ready: { en: "{title} · ready", zh: "{title} · 就绪" },
  headline_thinking: { en: "{title} · thinking …", zh: "{title} · 思考中……" },
  headline_verified: { en: "{headline} · verified", zh: "{headline} · 已验证" },
  model_ready: { en: "{title} is ready.", zh: "{title} 已就绪。" },
  task: { en: "{title}: {amount}", zh: "{title}：{amount}" },
  amount_none: { en: "starting …", zh: "正在开始……" },
  amount: { en: "{received} MB", zh: "{received} MB" },
  amount_of: { en: "{received} of {total} MB, {percent} %", zh: "{received} / {total} MB，{percent}%" },
  amount_from_device: { en: "{amount} from this device", zh: "{amount}，读自本机" },
  download_cancelled: { en: "Download cancelled.", zh: "下载已取消。" },
  model_not_loaded: { en: "{title} could not be loaded. {reason}", zh: "无法加载 {title}。{reason}" },
  retry: { en: "Retry", zh: "重试" },
  use_bundled: { en: "Use the bundled model", zh: "使用自带的模型" },
  open_models: { en: "Change model", zh: "更换模型" },
  models_title: { en: "Choose a model", zh: "由哪个模型来写？" },
  models_cost: {
    en: "A model is downloaded once, checked, and stored in this browser. The page uses the network for nothing else: what you write never leaves this device.",
    zh: "每个模型只下载一次，经过校验后保存在这个浏览器里。除此之外，本页不使用网络：你写的内容从不离开这台设备。",
  },
  model_bundled: { en: "bundled", zh: "自带" },
  model_size: { en: "{mb} MB, downloaded once", zh: "需下载一次，{mb} MB" },
  model_size_unknown: { en: "download size unknown", zh: "下载大小未知" },
  quality_pocket: {
    en: "The smallest, ready at once: writes everyday prose in whole sentences.",
    zh: "最小，打开即用：能用完整的句子写日常文章。",
  },
  quality_distilgpt2: { en: "More capable than the bundled model, and slower.", zh: "能力强于自带的模型，也更慢。" },
  quality_gpt2: { en: "The most capable of the three, and the slowest.", zh: "三者中能力最强，也最慢。" },
  use_model: { en: "Use this model", zh: "使用这个模型" },
  keep_model: { en: "Keep the current one", zh: "保留当前的模型" },

  // Suggestions
  automatic: { en: "Suggest while typing", zh: "边写边建议" },
  suggestion: { en: "Suggestion", zh: "建议" },
  take_word: { en: "Accept the next word:", zh: "采纳下一个词：" },
  take_all: { en: "Accept:", zh: "采纳：" },
  suggestion_said: { en: "Suggestion: {text}", zh: "建议：{text}" },
  suggestion_none: { en: "No suggestion.", zh: "没有建议。" },
  nothing_to_continue: {
    en: "Nothing to continue here: put the caret after a word.",
    zh: "这里没有可以续写的内容：请把光标放到一个词的后面。",
  },
  nothing_written: {
    en: "Write a few words first; the model continues from there.",
    zh: "请先写几个词，模型会接着写。",
  },
  selection_deleted: { en: "Selection deleted", zh: "已删除所选内容" },
  tab_leaves: { en: "Tab leaves the text.", zh: "按 Tab 离开正文。" },
  hint_idle: { en: "Tab suggest · Esc, Tab leave the text", zh: "Tab 建议 · Esc 后按 Tab 离开正文" },
  hint_suggestion: { en: "Tab accept · {wordKey} word · Esc dismiss", zh: "Tab 采纳 · {wordKey} 采纳一词 · Esc 放弃" },
  suggestions: { en: "Suggestions", zh: "建议" },
  nth_suggestion: { en: "{n} of {total}: {text}", zh: "第 {n} 条，共 {total} 条：{text}" },
  show_next: { en: "Next suggestion:", zh: "下一条建议：" },
  ask: { en: "Suggest", zh: "给我建议" },
  undo: { en: "Undo", zh: "撤销" },
  hint_list: { en: "↑ ↓ choose · Enter accept · Esc close", zh: "↑ ↓ 选择 · Enter 采纳 · Esc 关闭" },
  hint_alternatives: {
    en: "Tab accept · {wordKey} word · {nextKey} next · Esc dismiss",
    zh: "Tab 采纳 · {wordKey} 采纳一词 · {nextKey} 下一条 · Esc 放弃",
  },
  list_thinking: { en: "Thinking …", zh: "思考中……" },
  list_more: { en: "More …", zh: "更多……" },
  list_none: { en: "No suggestions. Try again …", zh: "没有结果。再试一次……" },

  // Documents
  open_documents: { en: "Documents", zh: "文档" },
  documents_title: { en: "Documents", zh: "文档" },
  documents_empty: {
    en: "No documents yet. What you write is saved automatically.",
    zh: "还没有保存的文档：写作时会自动保存。",
  },
  document_new: { en: "New document", zh: "新建文档" },
  document_untitled: { en: "Untitled", zh: "无标题" },
  document_copy: { en: "Copy of {title}", zh: "{title}（副本）" },
  document_open: { en: "{title} · open", zh: "{title} · 已打开" },
  document_rename: { en: "Rename", zh: "重命名" },
  document_rename_which: { en: "Rename “{title}”", zh: "重命名“{title}”" },
  document_name: { en: "Name (leave empty to use the first line)", zh: "名称；留空则使用第一行" },
  document_name_save: { en: "Save", zh: "保存" },
  document_delete: { en: "Delete", zh: "删除" },
  document_delete_which: { en: "Delete “{title}”", zh: "删除“{title}”" },
  document_deleted: { en: "Deleted “{title}”.", zh: "已删除“{title}”。" },
  document_undo: { en: "Undo", zh: "撤销" },
  document_refreshed: {
    en: "“{title}” was changed in another tab. This is the latest version.",
    zh: "“{title}”在另一个标签页中有改动：这是它现在的样子。",
  },
  document_forked: {
    en: "“{title}” was changed in another tab while you were writing here. Both texts are kept; yours is now “{copy}”.",
    zh: "你在这里写作时，“{title}”在另一个标签页中有改动。两份文字都保留：你的这份现在是“{copy}”。",
  },
  document_rescued: {
    en: "The page was closed while it was saving “{title}”. Your latest text is here, in “{copy}”.",
    zh: "保存“{title}”时页面被关闭。你最后写的内容在这份“{copy}”里。",
  },
  documents_none: {
    en: "This browser does not store documents for this page. Copy your text elsewhere before you leave.",
    zh: "这个浏览器不为本页保存文档：离开前请把你的文字复制到别处。",
  },
  documents_full: {
    en: "This browser has no room for more text. Copy yours elsewhere before you leave.",
    zh: "这个浏览器不能再为本页保存文字：离开前请把你的文字复制到别处。",
  },
  documents_unreachable: {
    en: "Your documents cannot be reached right now. Copy what you have just written elsewhere, then reload the page.",
    zh: "浏览器暂时不让本页访问你的文档。请把刚写的内容复制到别处，然后重新加载本页。",
  },
  this_document: { en: "This document", zh: "当前文档" },
  save_txt: { en: "Save as .txt", zh: "存为 .txt" },
  save_md: { en: "Save as .md", zh: "存为 .md" },
  mark_in_md: {
    en: "Mark the model's words in the .md: ==like this==",
    zh: "在 .md 中标记模型写的内容：==像这样==",
  },
  link_text: { en: "Link to this text", zh: "生成文字链接" },
  link_suggestion: { en: "Link to this suggestion", zh: "生成建议链接" },
  link_holds: {
    en: "A link contains the text, the model's name, its parameters and the seed, and nothing else. Anyone with the link can read the text; it is not sent to any server.",
    zh: "链接里只有文字本身、模型名称、参数和随机种子。拿到链接的人都能读到文字；它不会发送给任何服务器。",
  },
  link_label: { en: "Link", zh: "链接" },
  link_copied: { en: "Link copied ({size} kB).", zh: "已复制：链接长 {size} kB。" },
  link_not_copied: { en: "Copy the link from here ({size} kB).", zh: "链接长 {size} kB：请从这里复制。" },
  link_no_suggestion: {
    en: "No suggestion is shown. Ask for one in the text, then come back.",
    zh: "现在没有显示建议。请先在正文中请求一个建议，再回到这里。",
  },
  link_too_long: {
    en: "This text is too long for a link: {size} kB, and the limit is {limit} kB. Save it as a file and share that.",
    zh: "文字太长，放不进链接：{size} kB，上限为 {limit} kB。请存为文件再分享。",
  },
  link_oversized: {
    en: "This link is too long: {size} kB, and the limit is {limit} kB. Ask for the text as a file. Your documents are unchanged.",
    zh: "这个链接太长：{size} kB，上限为 {limit} kB。请对方以文件形式发送。你的文档没有变化。",
  },
  link_newer: {
    en: "This link was made by a newer version of this page (format {version}). Reload the page, then open the link again. Your documents are unchanged.",
    zh: "这个链接由本页的更新版本生成（格式 {version}）。请重新加载本页，然后再打开链接。你的文档没有变化。",
  },
  link_damaged: {
    en: "This link is damaged: part of it is missing or changed. Ask for it again, and copy all of it. Your documents are unchanged.",
    zh: "这个链接已损坏：有一部分缺失或被改动。请重新索取，并完整地复制。你的文档没有变化。",
  },
  shared_title: { en: "Text from a link", zh: "来自链接的文字" },
  shared_with: { en: "Model: {model}", zh: "模型：{model}" },
  shared_seed: { en: "seed {seed}", zh: "随机种子 {seed}" },
  shared_label: { en: "The text", zh: "正文" },
  shared_copy: { en: "Edit a copy", zh: "编辑副本" },
  shared_not_copied: {
    en: "A copy would replace your own text, which is not saved. Copy yours elsewhere and delete it here, then open the link again.",
    zh: "副本会取代你自己的文字，而浏览器没有保存它。请先把你的文字复制到别处，并在本页删除，然后重新打开链接。",
  },
  shared_unknown: {
    en: "The suggestion cannot be shown: this page has no model “{model}”.",
    zh: "无法显示其中的建议：本页没有模型“{model}”。",
  },
  shared_waits: { en: "The suggestion will appear when {model} is ready.", zh: "{model} 就绪后会显示其中的建议。" },
  shared_other: {
    en: "The suggestion comes from {model}, which is not loaded.",
    zh: "其中的建议来自 {model}，这个模型还没有加载。",
  },
  shared_use: { en: "Use {model}", zh: "使用 {model}" },
  shared_suggestion: {
    en: "The suggestion is in grey italics: “{text}”",
    zh: "灰色斜体的部分是建议：“{text}”",
  },
  shared_none: { en: "The model has no suggestion here.", zh: "模型在这里没有建议。" },
  share_of_model: { en: "{percent} % from the model", zh: "{percent}% 来自模型" },
  show_authors: { en: "Show who wrote what", zh: "显示谁写的" },
  start_me_off: { en: "Start me off", zh: "给我开个头" },
  opening_letter: { en: "Letter", zh: "书信" },
  opening_email: { en: "E-mail", zh: "电子邮件" },
  opening_story: { en: "Story", zh: "故事" },
  opening_essay: { en: "Essay", zh: "随笔" },
  opening_blog: { en: "Blog post", zh: "博客" },
  opening_product: { en: "Product description", zh: "产品介绍" },
  opening_diary: { en: "Travel diary", zh: "旅行日记" },

  ...INSIDE,
  ...SETTINGS,
  ...ENGINE,
  ...ABOUT,
};

/** @type {Language} */
let language = "en";
/** @type {Set<() => void>} */
const renderers = new Set();

/**
 * @param {string | null} chosen by the writer, on this visit or an earlier one
 * @param {readonly string[]} preferred the browser's languages, in order of preference
 * @returns {Language}
 */
export function languageFor(chosen, preferred) {
  if (chosen === "en" || chosen === "zh") return chosen;
  const known = preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === "en" || tag === "zh");
  return known === "zh" ? "zh" : "en";
}

/** @param {Language} chosen */
export function speak(chosen) {
  language = chosen;
  for (const render of renderers) render();
}

/** @returns {Language} */
export const spoken = () => language;

/** @param {() => void} render called after each change of language, in the order of registration */
export function onSpeak(render) {
  renderers.add(render);
}

/**
 * @param {StringKey} key
 * @param {Record<string, Words>} [values]
 * @returns {string} in the page's language
 */
export function say(key, values = {}) {
  return STRINGS[key][language].replace(/\{(\w+)\}/g, (whole, name) => inWords(values[name] ?? whole));
}

/**
 * @param {Words} words
 * @returns {string} in the page's language
 */
export function inWords(words) {
  if (typeof words !== "object") return `${words}`;
  return "key" in words ? say(words.key, words.values) : words.map(inWords).join(say("between_sentences"));
}
