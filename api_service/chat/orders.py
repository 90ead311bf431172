"""Orders to the model: in a question they are refused, in a text it reads they are left out.

A reader who wants the prompt, another role or a poem asks for nothing the book could answer; a
chapter that speaks to whoever summarises it was tampered with. Both say so in words that questions
about a book and the book's own prose hardly ever hold; how seldom is counted in decision 0028. What
is said in other words comes to the model, and what it does then meets `safe_output`.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from api_service.chat.disguises import readings

# ruff: noqa: RUF001 -- other languages have letters that look like Latin ones

_WITHIN = r"[^.!?\n]"
_THINGS = r"(?:prompts?|instructions|rules|guidelines|directives|system\ messages?|preamble)"
_OVERRIDE = rf"""
    \b(?:ignor\w*|disregard\w*|forget\w*|overrid\w*|bypass\w*|neglect|discard|set\ aside
       |(?:stop|do\ not|don't)\ follow\w*|pay\ no\ attention\ to)\b{_WITHIN}{{0,40}}?
    \b(?:(?:previous|prior|above|earlier|preceding|foregoing|your|these|those|all|any|initial|system
          |original|old)\b{_WITHIN}{{0,30}}?\b(?:{_THINGS}|sources)\b
       |the\ (?:rules|instructions|sources|text)\ (?:above|before)
       |everything\ (?:above|before|you)|your\ (?:training|sources)|(?:reader|user)'?s\ question)
"""
_TOLD = rf"""
    \byour\ (?:(?:own|old|full|whole|entire|exact|hidden|secret|initial|original|first|system)\ )*
     {_THINGS}\b
    |\b(?:print|show|output|reveal)\ your\ configuration\b|\byour\ \w+\ rules\b
    |\b{_THINGS}\ (?:that\ )?you\ (?:have|were|are|follow|got)\b
    |\b(?:print|show|repeat|reveal|display|output|recite|quote|copy|dump|list|disclose|leak|expose
         |reproduce|translate|summari[sz]e|encode|append|spell|write|tell|give|say|cat|read)\b
     {_WITHIN}{{0,60}}?
     \b(?:system\ (?:prompt|message|instruction)s?|hidden\ instructions|secret\ mark
        |(?:text|everything|words|lines?|instructions|rules)\ (?:above|before\ this|that\ precedes?)
        |(?:the|its|old)\ (?:old\ )?rules(?!\ \w)|secret\ of\ (?:your|the)\ rules
        |mark\ of\ (?:your|the)\ rules)\b
    |\b(?:were|are|have)\ you\ (?:been\ )?(?:told|instructed|given|programmed)\b
    |\b(?:rules|instructions)\ above\b
"""
_ROLE = r"""
    \byou\ are\ (?:now\ (?:an?|my|dan|free|called|named|\w+bot)|no\ longer)\b
    |\bno\ longer\ bound\ by\b
    |\bfrom\ now\ on,?\ (?:you\ (?:are|must|will|shall|only|answer|say)|(?:every|each)\ answer
                           |answer|reply)\b
    |\bpretend\ (?:to\ be|that\ you|you)\b
    |(?:^|[.!?:;,"'(]\ ?|\b(?:please|now|you)\ )
     (?:role\ ?play|(?:act|behave|speak|pose)\ (?:as|like)\ (?:an?|the|my|if)\b)
    |\byou\ (?:speak|will\ be|act|behave)\ (?:as\ )?an?\b|\bstop\ being\b
    |\byour\ new\ (?:role|task|job|name)\b|\bnew\ (?:rules?|instructions?)(?:\ \d+)?\ ?:
    |\bdo\ anything\ now\b|\b(?:dan|god|jailbreak)\ mode\b|\bjailbr(?:eak|oken)\b
"""
_WORK = rf"""
    (?:^|[.!?:;]\ ?|\b(?:please|now|then|you|i\ (?:want|need)(?:\ you\ to)?|help\ me|me)\ )
    (?:write|compose|draft|create|make(?:\ up)?|generate|give|tell|sing|invent|craft|prepare|a|an)\b
    {_WITHIN}{{0,30}}?
    \b(?:poems?|poetry|haikus?|limericks?|sonnets?|songs?|lyrics|rap|stor(?:y|ies)|tales?
       |novels?|jokes?|riddles?|essays?|e\ ?mails?|cover\ letters?|tweets?|blog\ posts?
       |press\ releases?|speech\ for|screenplays?|horoscopes?|fan\ fiction|obituary)\b
"""
_SPEAKERS = r"""
    <\|?/?im\ ?(?:start|end)|\[/?inst\]|<</?sys>>|"role"\ ?:\ ?"system"
    |</(?:source|selected|selection|reader|marked|conversation|turn)\ ?>
    |(?:^|\n)\ ?(?:\#+\ ?)?(?:instruction|response)\ ?:
    |</?system[-_\ ](?:reminder|prompt|message|instruction)s?\ ?>|\bsystem\ override\b
    |\bend\ of\ (?:the\ )?(?:context|sources|system\ message|user\ message)\b
    |\bnew\ task\ ?:\ ?(?:reply|respond|answer|say|print|ignore|write|tell)\b
    |(?:^|\n)\ ?developer\ message\ ?:|(?:^|\n)\ ?human\ ?:[^\n]*\s+assistant\ ?:
    |(?:^|\n|>)\ ?(?:\#+\ ?system\ ?(?:\n|:|$)|\[system\])
"""
_OTHER_TONGUES = r"""
    (?:ignorier|vergiss|missacht)\w*\ .{0,40}(?:anweisung|regeln|prompt)
    |\b(?:dein|ihr)\w*\ (?:\w+\ )?(?:system\ ?prompt|anweisungen|prompt|geheimnis)
    |(?:ignor|oubli)\w+\ .{0,40}(?:instructions|consignes|r[eè]gles)
    |\bt(?:on|es|a)\ (?:prompt|instructions|consignes)
    |(?:ignor|olvid)\w+\ .{0,40}(?:instrucciones|reglas)
    |\btus?\ (?:instrucciones|prompt|reglas)
    |(?:ignor|dimentic)\w+\ .{0,40}(?:istruzioni|regole)
    |\btuo\ prompt|\btue\ (?:istruzioni|regole)
    |(?:ignor|esque[cç])\w+\ .{0,40}(?:instru[cç][oõ]es|regras)
    |\bseu\ prompt|\bsuas\ (?:instru[cç][oõ]es|regras)
    |(?:negeer|vergeet)\ .{0,40}(?:instructies|regels)|\bje\ (?:systeem\ ?prompt|instructies)
    |(?:игнорир|забудь)\w*\ .{0,40}(?:инструкц|правил)
    |(?:сво|тво)\w+\ (?:\w+\ )?(?:промпт|инструкц)
    |(?:忽略|无视|忘记).{0,20}(?:指令|提示|指示|规则)|你的.{0,6}(?:提示词|指令)
    |(?:指示|命令|ルール).{0,10}(?:無視|忘れ)|システム\ ?プロンプト
    |(?:지시|명령|규칙).{0,10}(?:무시|잊)|시스템\ ?프롬프트
    |تجاهل.{0,30}(?:تعليمات|التعليمات)|تعليماتك
    |निर्देशों.{0,20}(?:अनदेखा|भूल)|सिस्टम\ ?प्रॉम्प्ट
    |talimat.{0,20}(?:yok\ say|unut)|sistem\ (?:istem|prompt)
    |\b(?:zignoruj|zapomnij|ignorer|glem|glom|ignoruj|abaikan|lupakan)\w*\ .{0,40}
     (?:instruk|polece|prompt|pokyn|regler|regl|aturan|perintah|arahan)
    |\b(?:swoj|tvuj|svuj|din|ditt|dina)\ (?:\w+\ )?(?:system\ ?prompt|prompt|instruk\w+|pokyny)
    |\b(?:ігнору|забуд)\w*\ .{0,40}(?:інструкц|правил|вказів)|(?:сво|тво)\w+\ (?:\w+\ )?інструкц
    |(?:αγν[οό]|ξ[εέ]χ|παρ[αά]βλ)\w+\ .{0,40}(?:οδηγ|εντολ|καν[οό]ν)
    |(?:התעלם|תתעלם|שכח).{0,30}(?:הוראות|הנחיות|כללים)|(?:ההוראות|ההנחיות)\ שלך
    |\bbo\ qua\ .{0,30}(?:huong\ dan|chi\ (?:thi|dan)|quy\ tac)
    |(?:เพิกเฉย|ไม่สนใจ|ละเว้น|ลืม).{0,20}(?:คำสั่ง|กฎ|คำแนะนำ)|คำสั่งระบบ
    |(?:ہدایات|احکامات).{0,20}نظر\ ?انداز|سسٹم\ ?پرامپٹ
    |(?:دستور|راهنمایی|قوانین).{0,40}نادیده|پرامپت\ سیستم
    |\b(?:antworte|responde?|responda|rispondi|antwoord|odpowiadaj|svara|reponds
     |repondez)[ ]
     (?:nur|solo|so|apenas|somente|alleen|tylko|endast|bara|uniquement|seulement)\b
    |отвечай(?:те)?\ только|відповідай\ лише|只(?:回答|回复|说)|とだけ(?:答え|言)
    |(?:만|라고만)\ 대답
    |أجب\ فقط|केवल.{0,20}उत्तर\ द|صرف.{0,20}جواب\ د|\bracont\w+\ .{0,20}(?:histoire|blague)
    |(?:schreib|[eé]cri[st]|escr[ií]b|scriv|escrev|schrijf)\S*\ .{0,20}
     (?:gedicht|po[eè]me|poema|poesia|witz|blague|chiste)
    |\b(?:napisz|skriv|napiš|napis)\w*\ .{0,20}(?:wiersz|dikt|basen|basn)
    |(?:напиши|сочини).{0,20}(?:стих|поэм)|(?:写|作).{0,6}诗|詩を.{0,4}書
    |시를?\ ?써|[sş]iir\ yaz|قصيدة|कविता\ लिख
"""
_ADDRESSED = rf"""
    (?:^|[.!?:;(\[<>|#*\n-]\ ?|\b(?:dear|hey|hello|attention|to\ the|to)\ )
    (?:ai(?:\ (?:assistant|model|agent)s?)?|assistants?|chat\ ?bots?|chatgpt|llm|language\ model)
    (?:\ ?[,:]\ ?(?:please|do|say|reply|respond|answer|ignore|forget|tell|output|print|append|add
                   |include|never|always|you|your)\b
      |\ (?:that|who|which)\ reads?\ this|\ reading\ this)
    |\bif\ you\ are\ an?\ (?:ai|(?:large\ )?language\ model|llm|assistant|chatbot)\b
    |\bas\ an\ (?:ai|assistant|llm)\b{_WITHIN}{{0,20}}\byou\b
    |\bnot(?:e|ice)\ to\ (?:the\ |all\ |any\ )?(?:ai|assistant|llm|language\ model|chat\ ?bot)
    |\bto\ (?:whichever|whatever|any|every)\ (?:ai|llm|language\ model|assistant|chat\ ?bot)\b
    |\byou\ (?:must|shall|have\ to)\ (?:answer|reply|respond)\ (?:only|every|with\ the)\b
    |\bwhen(?:ever)?\ (?:you\ )?(?:summari[sz]|quot|paraphras|cit)ing\ (?:this|the)[ ]
     (?:chapter|section|page|passage|text)\b
    |\b(?:summaries|quotations|answers)\ (?:of|about|from)\ this\ \w+[ ]
     (?:must|shall|should|have\ to)\b
    |\bthe\ (?:ai\ )?(?:assistant|chat\ ?bot)\ (?:must|shall)\b
    |(?:^|[.!?:;,]\ ?|\b(?:and|you|must|also|it)\ )(?:say|reply|respond|answer)[ ]
     (?:only\ )?(?:with\ )?(?:only\ with|exactly|every\ question|just\ the\ word|the\ word)
"""


_TURNED: tuple[tuple[Callable[[str], str], tuple[str, ...]], ...] = tuple(
    (turn, tuple(turn(each) for each in ("prompt", "instruction", "rules", "ignore")))
    for turn in (lambda text: text[::-1], lambda text: codecs.encode(text, "rot13"))
)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")


class _Kind(NamedTuple):
    """How one kind of order is written; one of the hints is in each, and quick to look for."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]

    def is_in(self, said: str) -> bool:
        return any(each in said for each in self.hints) and bool(self.pattern.search(said))


def _kind(pattern: str, hints: str) -> _Kind:
    return _Kind(tuple(hints.split("|")), re.compile(pattern, re.VERBOSE))


_KINDS = (
    _kind(
        _OVERRIDE,
        "ignor|disregard|forget|overrid|bypass|neglect|discard|set aside|follow|no attention",
    ),
    _kind(
        _TOLD,
        "prompt|instruction|rules|guidelines|directives|system message|preamble|configuration"
        "|secret|mark of|you been|text above|everything above|words above|above|before this|precede"
        "|were you|are you|have you",
    ),
    _kind(
        _ROLE,
        "you are |no longer|from now on|pretend|role|act as|act like|behave |speak |pose |you will"
        "|you act|stop being|your new|new rule|new instruction|anything now| mode|jailbr",
    ),
    _kind(_SPEAKERS, '<|[|#|"role"|system|instruction|response|end of|new task|developer|human'),
)
_FOREIGN = _kind(
    unicodedata.normalize("NFKC", _OTHER_TONGUES),  # as what is read is
    "anweisung|regeln|prompt|geheimnis|consignes|instru|reglas|regole|istru|regras|regels|talimat"
    "|istem|gedicht|poe|witz|blague|chiste|siir|ignor|polece|pokyn|aturan|perintah"
    "|arahan|bo qua|regl|system|wiersz|antwor|respond|svara|rispondi|odpowiadaj|repond"
    "|racont|dikt|basen|basn",
)
_WORKS = _kind(
    _WORK,
    "poe|haiku|limerick|sonnet|song|lyrics|rap|stor|tale|novel|joke|riddle|essay|mail|letter|tweet"
    "|blog|press|speech|screenplay|horoscope|fiction|obituary",
)
_TO_MODELS = _kind(
    _ADDRESSED,
    "assistant|chatbot|chat bot|chatgpt|llm|language model|ai |ai:|ai,|only with|exactly"
    "|every question|the word|you must|you shall|you have to|when|summaries|quotations|answers",
)


def is_order(message: str) -> bool:
    """Tell whether a message wants something of the model that no book can answer."""
    return any(_holds(said, (*_KINDS, _WORKS)) for said in _meanings(message))


def without_orders(text: str) -> str:
    """Return a text without the paragraphs that speak to the model that reads it."""
    if not _is_planted(text):
        return text
    return "\n\n".join(each for each in _PARAGRAPH.split(text) if not _is_planted(each))


def _is_planted(text: str) -> bool:
    return any(_holds(said, (*_KINDS, _TO_MODELS)) for said in _meanings(text))


def _holds(said: str, kinds: Sequence[_Kind]) -> bool:
    if any(kind.is_in(said) for kind in kinds):
        return True
    return bool(_FOREIGN.is_in(said) if said.isascii() else _FOREIGN.pattern.search(said))


def _meanings(text: str) -> Iterator[str]:
    """Yield what a text says, and backwards or in ROT13 where that might say something."""
    for said in readings(text):
        yield said
        if "\n" in said:
            yield said.replace("\n", " ")
        for turn, hints in _TURNED:
            if any(each in said for each in hints):
                yield turn(said)
