// Strings of the lens and of the figures.

/** @import { StringTable } from "./strings.js" */

/** @satisfies {StringTable} */
export const INSIDE = {
  lens_toggle: { en: "Show probabilities", zh: "显示概率" },
  lens_legend: { en: "How likely the model finds each token:", zh: "模型认为各词元出现的概率：" },
  lens_how: {
    en: "Point at a word, tap it, or press {key} at it to see what the model would write there.",
    zh: "指向或轻点一个词，或在词上按 {key}，即可查看模型在此处会写什么。",
  },
  lens_choices: { en: "Instead of “{text}” ({percent})", zh: "替换“{text}”（{percent}）" },
  lens_replaces: { en: "Replaces the rest of the paragraph.", zh: "会替换本段余下的文字。" },
  lens_space: { en: "space", zh: "空格" },
  lens_line_break: { en: "line break", zh: "换行" },
  lens_no_token: { en: "The word at the caret has no probability yet.", zh: "光标处的词还没有概率。" },
  lens_branched: {
    en: "The paragraph continues with “{text}” from here. Undo restores the old text.",
    zh: "段落从此处改以“{text}”继续，撤销即可恢复原文。",
  },
  figures_open: { en: "Figures", zh: "统计" },
  figures_title: { en: "Your writing in figures", zh: "写作统计" },
  figures_kept: {
    en: "Counted on this device and kept in this browser. Nothing is sent anywhere.",
    zh: "仅在本设备上统计，保存在此浏览器中，不会发送到任何地方。",
  },
  figures_shown: { en: "Suggestions shown", zh: "显示的建议" },
  figures_taken_whole: { en: "Accepted in full", zh: "整条采纳" },
  figures_taken_by_word: { en: "Accepted by word", zh: "逐词采纳" },
  figures_typed_through: { en: "Typed out", zh: "照着打完" },
  figures_characters_saved: { en: "Characters saved", zh: "省下的字符" },
  figures_wait_p50: { en: "From pause to suggestion, median", zh: "从停顿到出现建议，中位数" },
  figures_wait_p90: { en: "From pause to suggestion, 90th percentile", zh: "从停顿到出现建议，九成不超过" },
  figures_tokens_per_second: { en: "Tokens per second", zh: "每秒词元数" },
  figures_memory: { en: "Memory used by the model", zh: "模型占用的内存" },
  figures_reused: { en: "Text reused instead of read again", zh: "无需重读的文本" },
  figures_chart: {
    en: "From pause to suggestion, the last {count} times. The longest took {longest}.",
    zh: "最近 {count} 次从停顿到出现建议的时间，最长为 {longest}。",
  },
  figures_none: { en: "none yet", zh: "暂无" },
  figures_export: { en: "Export as JSON", zh: "导出为 JSON" },
  figures_reset: { en: "Reset figures", zh: "清零" },
  figures_were_reset: { en: "The figures have been reset.", zh: "统计已清零。" },
};
