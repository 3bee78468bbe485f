// Strings of the about dialog: what the page is, what its models can do, and its keys.

/** @import { StringTable } from "./strings.js" */

/** @satisfies {StringTable} */
export const ABOUT = {
  about_title: { en: "About this page and its models", zh: "关于本页与模型" },
  about_intro: {
    en: "A language model reads what you have written and suggests how to continue. Accept the suggestion or keep writing. The model runs in this tab, on your own device.",
    zh: "语言模型会读你写下的文字，并提出接下来可以怎么写。你可以采纳，也可以继续写自己的。模型就在这个标签页里、在你自己的设备上运行。",
  },
  about_privacy_title: { en: "What leaves this device", zh: "哪些东西会离开这台设备" },
  about_privacy: {
    en: "Nothing you write. If you choose a model that is not bundled, its files are downloaded from huggingface.co, which sees your IP address, as any website does. There are no cookies, analytics or accounts. Your documents and chosen models are stored only in this browser; deleting this site's data removes them.",
    zh: "你写的内容不会离开。如果你选择的模型不是自带的，它的文件会从 huggingface.co 下载；和访问任何网站一样，对方会看到你的网络地址。本页没有 cookie，没有统计，也没有账号。你的文档和所选的模型只保存在这个浏览器里；删除本站的数据，它们也随之删除。",
  },
  about_offline: {
    en: "After the first visit the page works offline, with the bundled model and any you have chosen. A new version starts only when you agree.",
    zh: "访问过一次之后，没有网络也能使用本页，包括自带的模型和你选用过的模型。新版本只在你同意时才启用。",
  },
  about_limits_title: { en: "What to expect", zh: "可以期待什么" },
  about_limits: {
    en: "These are small models of an early kind. They imitate prose without understanding it: treat the names, dates, quotations and facts in a suggestion as made up unless you know they are true. They do not follow instructions or answer questions. They write only English.",
    zh: "这些都是早期类型的小模型。它们模仿文章的样子，却什么也不懂：建议里的人名、日期、引文和事实，除非你自己知道属实，否则都当作编造。它们不会执行指令，也不会回答问题。它们只写英文。",
  },
  about_offence: { en: "Suggestions may be offensive.", zh: "建议可能令人不快。" },
  about_offence_why: {
    en: "DistilGPT2 and GPT-2 were trained on millions of unfiltered web pages. They repeat the prejudices found there, about gender, religion, origin and much else, and sometimes write coarse, sexual or violent language, whatever you wrote before. Pocket GPT-2 was trained partly on books written before 1962, with the views of their time, and partly on text by another model, with the prejudices of that model. Read what you accept: it becomes your text. Do not use these models where a wrong or hurtful sentence could do harm, and do not present what they make up as fact.",
    zh: "DistilGPT2 和 GPT-2 是用数百万个未经筛选的网页训练的，会重复其中关于性别、宗教、出身等等的偏见；不论你前面写了什么，有时都会出现粗俗、色情或暴力的语言。Pocket GPT-2 的训练文本一部分是 1962 年以前写的书，带有那个时代的观念；一部分出自另一个模型，带有那个模型的偏见。采纳之前请读一遍：采纳之后它就是你的文字。如果一句错误或伤人的话会造成损害，就不要使用这些模型，也不要把它们编造的内容当作事实。",
  },
  about_models_title: { en: "The models", zh: "模型" },
  about_pocket_name: { en: "Pocket GPT-2 (bundled)", zh: "Pocket GPT-2（自带）" },
  about_pocket: {
    en: "22.5 million parameters, 12 layers, a context of 512 tokens. Trained by this project on 485 million tokens of English prose, counting repetitions: nearly two thirds are e-mails, letters, posts, stories and the like written for it by another model, SmolLM2; the rest are freely licensed novels, blogs, official texts and guides. It makes the page useful before any download. Its sentences make sense on their own, lean on clichés, and drift from one to the next. On prose it had not seen, its perplexity is 58 for official texts, 69 for guides, 95 for blogs and 79 to 81 for novels. Licence: Apache-2.0.",
    zh: "2250 万个参数，12 层，能记住 512 个词元。由本项目用英文文章训练，连同重复共 4.85 亿词元：近三分之二是另一个模型 SmolLM2 为它写的邮件、书信、帖子、故事等等，其余是可自由使用的小说、博客、公文和指南。有了它，不必下载就能使用本页。它的句子单独看有意义，爱用套话，句与句之间则容易跑题；在没见过的文章上，困惑度为：公文 58，指南 69，博客 95，小说 79 到 81。许可证：Apache-2.0。",
  },
  about_distilgpt2: {
    en: "82 million parameters, 6 layers, a context of 1,024 tokens. Distilled by Hugging Face in 2019 from the smallest GPT-2, on OpenWebText, a reconstruction of GPT-2's training data: faster than its teacher, and somewhat less capable. English. Licence: Apache-2.0.",
    zh: "8200 万个参数，6 层，能记住 1024 个词元。Hugging Face 于 2019 年由最小的 GPT-2 蒸馏而成，语料是 OpenWebText，即对 GPT-2 训练文本的重建：比它的老师快，能力略逊。英文。许可证：Apache-2.0。",
  },
  about_gpt2: {
    en: "124 million parameters, 12 layers, a context of 1,024 tokens. Trained by OpenAI in 2019 on WebText, the pages that Reddit links to. The most capable of the three, and the slowest. English. Licence: MIT.",
    zh: "1.24 亿个参数，12 层，能记住 1024 个词元。OpenAI 于 2019 年用 WebText 训练，即 Reddit 上的外部链接所指向的网页。三者中能力最强，也最慢。英文。许可证：MIT。",
  },
  about_card: { en: "Model card", zh: "模型说明" },
  about_card_missing: {
    en: "The model card could not be loaded. Check your connection, then close the card and open it again.",
    zh: "模型说明无法加载。请在此收起，检查网络连接后再展开。",
  },
  about_keys_title: { en: "Keys", zh: "按键" },
  key_accept: {
    en: "accepts the suggestion; if none is shown, asks for several to choose from",
    zh: "采纳建议；没有建议时，请求几条供选择",
  },
  key_word: { en: "accepts the next word (⌥ → or ⌘ → on a Mac)", zh: "采纳建议的下一个词（Mac 上是 ⌥ → 或 ⌘ →）" },
  key_list: { en: "choose from the list and accept", zh: "在列表中选择并采纳" },
  key_other: { en: "shows the next suggestion; with [, the previous one", zh: "显示下一条建议，[ 则显示上一条" },
  key_read: { en: "has a screen reader read the suggestion again", zh: "让屏幕阅读器再读一遍建议" },
  key_ask: {
    en: "lists the suggestions, then asks for others; Ctrl Space does the same",
    zh: "列出建议，再按则请求其他建议；Ctrl Space 也可以",
  },
  key_dismiss: { en: "dismisses the suggestion; Tab then leaves the text", zh: "放弃建议；再按 Tab 离开正文" },
  key_undo: { en: "undoes an accepted suggestion in one step", zh: "一步撤回刚才采纳的内容" },
};
