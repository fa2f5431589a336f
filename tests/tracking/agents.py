"""User agents of people and of robots, put together from how each of them is written."""

from __future__ import annotations

from itertools import product

_CHROME = "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 {more}"
_SYSTEMS = {
    "Windows NT 10.0; Win64; x64": "Safari/537.36",
    "Macintosh; Intel Mac OS X 10_15_7": "Safari/537.36",
    "X11; Linux x86_64": "Safari/537.36",
    "X11; CrOS x86_64 14541.0.0": "Safari/537.36",
    "Linux; Android 10; K": "Mobile Safari/537.36",
    "Linux; Android 14; SM-S928B": "Mobile Safari/537.36",
    "Linux; Android 13; CUBOT P80": "Mobile Safari/537.36",
    "Linux; Android 12; SM-T870": "Safari/537.36",
}
_APPLE = (
    "Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/{n} {more}Safari/604.1"
)
_FIREFOX = "Mozilla/5.0 ({system}; rv:{n}.0) Gecko/{trail} Firefox/{n}.0"


def people() -> list[str]:
    """Two hundred browsers of people, on computers, tablets, telephones and television sets."""
    chrome = [
        _CHROME.format(system=system, n=n, more=more)
        for (system, more), n in product(_SYSTEMS.items(), range(120, 128))
    ]
    edge = [f"{one} Edg/{120 + n}.0.0.0" for n, one in enumerate(chrome[:16])]
    opera = [f"{one} OPR/{100 + n}.0.0.0" for n, one in enumerate(chrome[16:32])]
    samsung = [
        one.replace("Chrome/", f"SamsungBrowser/{20 + n}.0 Chrome/")
        for n, one in enumerate(chrome[40:48])
    ]
    apple = [
        _APPLE.format(system=system, n=n, more=more)
        for (system, more), n in product(
            {
                "iPhone; CPU iPhone OS 17_5 like Mac OS X": "Mobile/15E148 ",
                "iPad; CPU OS 16_7 like Mac OS X": "Mobile/15E148 ",
                "Macintosh; Intel Mac OS X 10_15_7": "",
            }.items(),
            ["15.6", "16.1", "16.6", "17.0", "17.4", "17.5", "18.0", "18.1", "18.3", "26.0"],
        )
    ]
    firefox = [
        _FIREFOX.format(system=system, n=n, trail=trail)
        for (system, trail), n in product(
            {
                "Windows NT 10.0; Win64; x64": "20100101",
                "Macintosh; Intel Mac OS X 10.15": "20100101",
                "X11; Ubuntu; Linux x86_64": "20100101",
                "Android 14; Mobile": "{n}.0",
            }.items(),
            range(126, 141),
        )
    ]
    television = [
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Version/6.0 TV Safari/537.{n}"
        for n in range(6)
    ]
    return [*chrome, *edge, *opera, *samsung, *apple, *firefox, *television][:200]


_CRAWLERS = (
    "Googlebot", "bingbot", "YandexBot", "Baiduspider", "DuckDuckBot", "Applebot", "AhrefsBot",
    "SemrushBot", "MJ12bot", "DotBot", "PetalBot", "SeznamBot", "Bytespider", "CCBot", "GPTBot",
    "ClaudeBot", "Amazonbot", "Twitterbot", "LinkedInBot", "Slackbot", "Discordbot", "TelegramBot",
    "archive.org_bot", "Screaming Frog SEO Spider", "SiteAuditBot", "BLEXBot", "DataForSeoBot",
    "serpstatbot", "rogerbot", "exabot",
)  # fmt: skip
_LIBRARIES = (
    "python-requests/2.{n}.0", "python-urllib3/2.{n}", "Python-urllib/3.{n}", "curl/8.{n}.0",
    "Wget/1.{n}", "Go-http-client/1.{n}", "okhttp/4.{n}.0", "Scrapy/2.{n} (+https://scrapy.org)",
    "Java/1.8.0_{n}", "libwww-perl/6.{n}", "aiohttp/3.{n}", "axios/1.{n}.0", "node-fetch/1.{n}",
    "Apache-HttpClient/4.{n}", "PostmanRuntime/7.{n}.0", "HTTPie/3.{n}", "httpx/0.{n}",
)  # fmt: skip


def robots() -> list[str]:
    """Two hundred crawlers, libraries and browsers without a screen."""
    named = [
        pattern.format(name=name)
        for name, pattern in product(
            _CRAWLERS,
            (
                "Mozilla/5.0 (compatible; {name}/2.1; +http://example.com/bot.html)",
                "{name}/1.0 (+http://example.com)",
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; {name}/2.0) "
                "Chrome/120.0.0.0 Safari/537.36",
            ),
        )
    ]
    libraries = [pattern.format(n=n) for pattern, n in product(_LIBRARIES, range(1, 6))]
    headless = [
        _CHROME.format(system=system, n=n, more=more).replace("Chrome/", "HeadlessChrome/")
        for (system, more), n in product(list(_SYSTEMS.items())[:3], range(120, 126))
    ]
    others = [
        f"Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/534.34 PhantomJS/{n}.0 Safari/534.34"
        for n in range(1, 8)
    ]
    return [*named, *libraries, *headless, *others][:200]
